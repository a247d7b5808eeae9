import type { Dispatcher } from 'undici';
import type { CrispPool } from '../../../lib/crisp/http.ts';
import { type Conversation, type ConversationState, type CrispStore, stateAt } from './crisp-store.ts';
import type { Instance } from './instances.ts';
import { createDisturbances, type Disturbances, type Part } from './recorder.ts';
import { CRISP_TRANSIT_MS, type CrispHabits } from './settings.ts';

export interface FakeCrisp {
  readonly store: CrispStore;
  readonly disturbances: CrispDisturbances;
  /** `identifier:key` of the tokens that Crisp accepts. */
  readonly tokens: Set<string>;
  readonly habits: CrispHabits;
  /** Connections to Crisp of one instance, in place of undici's. */
  createPool(instance: Instance): CrispPool;
}

interface FakeCrispDeps extends Part {
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
    // It has ended here, not when its instance does.
    if (trouble?.kind === 'break' && trouble.when === 'before-headers') throw trouble.error();
    const headersMs = clock.nowMs() + worksMs;
    const endAfter = follow(instance, signal, () => {
      // The status went out before the body.
      const status = clock.nowMs() < headersMs ? 0 : noted.status;
      Object.assign(noted, { status, endedMs: clock.nowMs(), body: undefined });
    });
    if (trouble?.kind === 'hang') await instance.nap(Number.POSITIVE_INFINITY, signal);

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

/** A request at Crisp's door. */
export interface CrispCall {
  readonly question: CrispQuestion;
  readonly sessionKey: string | undefined;
  readonly instance: Instance;
}

/** What a fault makes of a request to Crisp. */
export type CrispTrouble = { readonly fault: string } /** Another answer than the true one. */ & (
  | { readonly kind: 'answer'; readonly answer: (truth: CrispAnswer) => CrispReply }
  /** A cache answers, with what was true that much earlier. */
  | { readonly kind: 'stale'; readonly lagMs: number }
  /** The connection ends: nothing was answered, or only the first bytes. */
  | { readonly kind: 'break'; readonly when: 'before-headers' | 'mid-body'; readonly error: () => unknown }
  | { readonly kind: 'hang' }
  /** The bytes come one by one. */
  | { readonly kind: 'slow-body'; readonly chunks: number; readonly chunkMs: number }
);

type CrispDisturbances = Disturbances<CrispCall, CrispTrouble>;

/** An answer as it goes over the wire. */
export interface CrispReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The envelope in which Crisp writes all that it says. */
export function toReply({ status, reason, data }: CrispAnswer): CrispReply {
  return { status, body: JSON.stringify({ error: status >= 400, reason, data }) };
}

/** A request as it arrives at Crisp. */
interface CrispQuestion {
  /** Without its ids: `website/conversation/messages`. */
  readonly route: string;
  readonly websiteId: string;
  readonly sessionId: string | undefined;
  readonly before: number | undefined;
  /** Of the people profile that is asked for, or the number of a page. */
  readonly last: string | undefined;
}

/** What Crisp says, before it is written down as HTTP. */
export interface CrispAnswer {
  readonly status: number;
  readonly reason: string;
  readonly data: unknown;
}

const PATH =
  /^\/v1\/website\/([^/?]+)(?:\/conversation\/([^/?]+)(?:\/(messages|pages|events|relations)(?:\/(\d+))?)?|\/(people\/profile)\/([^/?]+))?(?:\?timestamp_before=(\d+))?$/;

/** Undefined for a path that Crisp does not know. */
function readQuestion(path: string): CrispQuestion | undefined {
  const [match, websiteId = '', sessionId, part, page, people, peopleId, before] = PATH.exec(path) ?? [];
  if (match === undefined) return undefined;
  const names = ['website', sessionId && 'conversation', part, people];
  return {
    route: names.filter((name) => name !== undefined).join('/'),
    websiteId,
    sessionId,
    before: before === undefined ? undefined : Number(before),
    last: page ?? peopleId,
  };
}

/** What was true at that moment, which for a cache lies in the past. */
function answerQuestion(
  question: CrispQuestion,
  { store, habits, asOfMs }: { store: CrispStore; habits: CrispHabits; asOfMs: number },
): CrispAnswer {
  const { route, websiteId, sessionId, last } = question;
  if (route === 'website') return resolved({ website_id: websiteId, name: 'Example', domain: 'example.com' });
  if (route === 'website/people/profile') return resolved(toProfile(last));

  const conversation = store.find(`${websiteId}:${sessionId}`);
  const state = conversation && stateAt(conversation, asOfMs);
  if (!conversation || !state?.fields) return { status: 404, reason: 'conversation_not_found', data: {} };
  if (route === 'website/conversation') return resolved(state.fields);
  if (route === 'website/conversation/messages') return listMessages(state, question.before, habits);
  if (route === 'website/conversation/relations')
    return resolved({ conversations: { parent: null, children: [] } });
  return listNumbered(conversation, Number(last));
}

function resolved(data: unknown): CrispAnswer {
  return { status: 200, reason: 'resolved', data };
}

function toProfile(peopleId: string | undefined) {
  return { people_id: peopleId, person: { nickname: 'Ada' }, segments: [], score: 3 };
}

function listMessages(
  { messages }: ConversationState,
  before: number | undefined,
  habits: CrispHabits,
): CrispAnswer {
  const older = messages.filter(({ timestamp }) =>
    before === undefined ? true : habits.isInclusive ? timestamp <= before : timestamp < before,
  );
  const data = older.slice(-habits.pageSize);
  return { status: older.length > data.length && habits.says206 ? 206 : 200, reason: 'listed', data };
}

/** Two pages of visited pages or custom events for some, none for others. */
function listNumbered({ sessionId }: Conversation, page: number): CrispAnswer {
  const pages = sessionId.charCodeAt(8) % 3;
  const data = page <= pages ? [{ text: `entry of page ${page}`, timestamp: page }] : [];
  return { status: page < pages ? 206 : 200, reason: 'listed', data };
}

/** A part of an answer's body, and how long it takes. */
interface BodyChunk {
  readonly afterMs: number;
  readonly bytes?: Buffer;
  /** Thrown in place of bytes: the connection ended. */
  readonly error?: unknown;
}

/** What undici gives for a body, as far as it is read; without streams, whose ticks would be the run's slowest part. */
class FakeBody implements AsyncIterable<Buffer> {
  readableEnded = false;
  readonly #chunks: readonly BodyChunk[];
  readonly #wait: (delayMs: number) => Promise<void>;

  constructor(chunks: readonly BodyChunk[], wait: (delayMs: number) => Promise<void>) {
    this.#chunks = chunks;
    this.#wait = wait;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (const { afterMs, bytes, error } of this.#chunks) {
      if (afterMs > 0) await this.#wait(afterMs);
      if (bytes === undefined) throw error;
      yield bytes;
    }
    this.readableEnded = true;
  }

  on(): this {
    return this;
  }

  destroy(): this {
    return this;
  }
}
