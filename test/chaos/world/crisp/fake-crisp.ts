import type { Dispatcher } from 'undici';
import type { CrispPool } from '../../../../lib/adapters/crisp/crisp-http.ts';
import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import { createDisturbances } from '../disturbances.ts';
import type { Instance } from '../instance.ts';
import type { Recorder } from '../recorder.ts';
import { CRISP_TRANSIT_MS } from '../settings.ts';
import { type CrispDisturbances, type CrispReply, type CrispTrouble, toReply } from './crisp-call.ts';
import { answerQuestion, type CrispHabits, type CrispQuestion, readQuestion } from './crisp-routes.ts';
import type { CrispStore } from './crisp-store.ts';
import { type BodyChunk, FakeBody } from './fake-body.ts';

export interface FakeCrisp {
  readonly store: CrispStore;
  readonly disturbances: CrispDisturbances;
  /** `identifier:key` of the tokens that Crisp accepts. */
  readonly tokens: Set<string>;
  readonly habits: CrispHabits;
  /** Connections to Crisp of one instance, in place of undici's. */
  createPool(instance: Instance): CrispPool;
}

export interface FakeCrispDeps {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly store: CrispStore;
  readonly habits: CrispHabits;
}

interface Exchange {
  readonly reply: CrispReply;
  readonly chunks: readonly BodyChunk[];
}

/** Crisp's REST API, from the connection on. */
export function createFakeCrisp({ clock, random, recorder, store, habits }: FakeCrispDeps): FakeCrisp {
  const disturbances: CrispDisturbances = createDisturbances();
  const tokens = new Set<string>();

  return { store, disturbances, tokens, habits, createPool };

  function createPool(instance: Instance): CrispPool {
    const request = async ({ path = '', headers, signal }: RequestOptions) => {
      const worksMs = random.integer(...SERVER_MS);
      const { reply, chunks } = await instance.cross({
        name: 'crisp:request',
        thereMs: random.integer(...CRISP_TRANSIT_MS),
        perform: () => serve(instance, { path, authorization: headers.authorization ?? '', signal, worksMs }),
        backMs: worksMs + random.integer(...CRISP_TRANSIT_MS),
      });
      const body = new FakeBody(chunks, (delayMs) => instance.nap(delayMs, signal));
      const answered = { 'content-type': 'application/json', ...reply.headers };
      return { statusCode: reply.status, headers: answered, body };
    };
    // What crisp-http asks of undici's pool and of its answers, and nothing else of them.
    return { request, destroy: async () => {} } as unknown as CrispPool;
  }

  async function serve(
    instance: Instance,
    { path, authorization, signal, worksMs }: Knock,
  ): Promise<Exchange> {
    const question = readQuestion(path);
    const sessionKey = question?.sessionId && `${question.websiteId}:${question.sessionId}`;
    const call = question && { question, sessionKey, instance };
    const trouble = call && disturbances.find(call);
    const fault = trouble?.fault ?? (sessionKey ? store.find(sessionKey)?.mark : undefined);
    const noted = recorder.note({
      type: 'crisp-answered',
      by: instance.role === 'probe' ? 'probe' : 'consumer',
      instance: instance.name,
      route: question?.route ?? 'unknown',
      path,
      ...(sessionKey && { sessionKey }),
      status: 0,
      ...(fault !== undefined && { fault }),
      endedMs: clock.nowMs(),
    });
    const broken =
      trouble?.kind === 'hang' || (trouble?.kind === 'break' && trouble.when === 'before-headers');
    const headersMs = clock.nowMs() + worksMs;
    const endAfter = follow(instance, signal, () => {
      // The status went out before the body.
      const status = clock.nowMs() < headersMs ? 0 : noted.status;
      Object.assign(noted, { status, endedMs: clock.nowMs(), body: undefined });
    });
    if (trouble?.kind === 'hang') await instance.nap(Number.POSITIVE_INFINITY, signal);
    if (broken && trouble.kind === 'break') throw trouble.error();

    const reply = toAnswer(question, authorization, trouble);
    const chunks = toChunks(reply, trouble);
    const lastsMs = chunks.reduce((sum, { afterMs }) => sum + afterMs, worksMs);
    const isWhole = chunks.every(({ bytes }) => bytes !== undefined);
    Object.assign(noted, { status: reply.status, endedMs: clock.nowMs() + lastsMs });
    if (isWhole && (reply.status === 200 || reply.status === 206)) Object.assign(noted, { body: reply.body });
    endAfter(lastsMs);
    return { reply, chunks };
  }

  /** Until the answer is through, whoever goes away ends it. */
  function follow(instance: Instance, signal: AbortSignal, onBroken: () => void): (lastsMs: number) => void {
    let untilMs = Number.POSITIVE_INFINITY;
    const end = () => {
      if (clock.nowMs() < untilMs) onBroken();
      stop();
    };
    const forget = instance.mourn(end);
    signal.addEventListener('abort', end, { once: true });
    function stop(): void {
      forget();
      signal.removeEventListener('abort', end);
    }
    return (lastsMs) => {
      untilMs = clock.nowMs() + lastsMs;
      clock.schedule(untilMs, stop);
    };
  }

  function toAnswer(
    question: CrispQuestion | undefined,
    authorization: string,
    trouble: CrispTrouble | undefined,
  ): CrispReply {
    if (!question)
      return toReply({ status: 404, reason: 'not_found', data: { message: 'the route does not exist' } });
    const token = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
    if (!tokens.has(token)) return toReply({ status: 401, reason: 'invalid_session', data: {} });
    const asOfMs = clock.nowMs() - (trouble?.kind === 'stale' ? trouble.lagMs : 0);
    const truth = answerQuestion(question, { store, habits, asOfMs });
    return trouble?.kind === 'answer' ? trouble.answer(truth) : toReply(truth);
  }
}

type RequestOptions = Omit<Dispatcher.RequestOptions, 'headers' | 'signal'> & {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

interface Knock {
  readonly path: string;
  readonly authorization: string;
  readonly signal: AbortSignal;
  /** How long the server takes for its answer. */
  readonly worksMs: number;
}

const SERVER_MS = [5, 90] as const;

function toChunks({ body }: CrispReply, trouble: CrispTrouble | undefined): BodyChunk[] {
  const bytes = Buffer.from(body);
  if (trouble?.kind === 'break')
    return [
      { afterMs: 0, bytes: bytes.subarray(0, bytes.length >> 1) },
      { afterMs: 5, error: trouble.error() },
    ];
  if (trouble?.kind !== 'slow-body') return [{ afterMs: 0, bytes }];
  const size = Math.ceil(bytes.length / trouble.chunks);
  return Array.from({ length: trouble.chunks }, (_, at) => ({
    afterMs: trouble.chunkMs,
    bytes: bytes.subarray(at * size, (at + 1) * size),
  }));
}
