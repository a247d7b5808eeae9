import { JobError, type JobErrorCode, type JobErrorContext } from '../../lib/core/errors/job-error.ts';
import type { SessionRef, WebsiteId } from '../../lib/core/ids.ts';
import type { BreakerNotes } from '../../lib/ports/breaker-notes.ts';
import type { CrispApi } from '../../lib/ports/crisp-api.ts';
import { createBreaker } from '../../lib/use-cases/breaker/create-breaker.ts';
import { createProbeCrisp } from '../../lib/use-cases/breaker/probe-crisp.ts';
import { createMemoryBreakerNotes } from './memory-breaker-notes.ts';
import { createMemoryConsumerSwitch } from './memory-consumer-switch.ts';
import { createRecordingTelemetry } from './recording-telemetry.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** A route of Crisp and the session it is asked for; of the website itself there is none. */
export type Asked = { readonly route: string; readonly sessionId: string | undefined };

export type BreakerScene = ReturnType<typeof createBreakerScene>;

/** Breaker and probe over memory, a Crisp that the test scripts, and a clock that it turns. */
export function createBreakerScene({ websiteIds = [] }: { websiteIds?: readonly WebsiteId[] } = {}) {
  const clock = createVirtualClock();
  const tap = createMemoryConsumerSwitch();
  const telemetry = createRecordingTelemetry();
  const notes = createMemoryBreakerNotes();
  const asked: Asked[] = [];
  const scene = {
    clock,
    tap,
    telemetry,
    notes,
    /** Every request to Crisp. */
    asked,
    /** What Crisp fails with; by default it answers everything. */
    fail: (_asked: Asked): JobError | undefined => undefined,
    /** The same for the website itself, in place of `fail`. */
    failWebsite: undefined as ((websiteId: string) => JobError | undefined) | undefined,
    /** Whether Crisp knows a person to the conversation; without one no profile is asked for. */
    hasPerson: (_sessionId: string): boolean => true,
    isLedgerAway: false,
    /** Another instance of the consumer, which knows of the others by the notes alone. */
    anInstance: () => createBreaker({ notes: ledger, consumerSwitch: tap, crisp, clock, telemetry }),
    aProbe: () =>
      createProbeCrisp({ notes: ledger, consumerSwitch: tap, crisp, clock, telemetry, websiteIds }),
    failedRun: (
      code: JobErrorCode,
      { receiveCount = 1, ...context }: JobErrorContext & { receiveCount?: number } = {},
    ) => {
      const error = new JobError(code, { route: 'website/conversation', ...context });
      return { error, receiveCount, signal: new AbortController().signal };
    },
  };
  const ledger = unlessAway(notes, () => scene.isLedgerAway);
  const crisp = createAskedCrisp(asked, scene);
  return scene;
}

/** Runs the probe every minute, as its schedule does; resolves with the minutes at which it asked Crisp anything. */
export async function watch(scene: BreakerScene, minutes: number, probe = scene.aProbe()): Promise<number[]> {
  const askedAt: number[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    await scene.clock.advance(60_000);
    const before = scene.asked.length;
    await probe();
    if (scene.asked.length > before) askedAt.push(minute);
  }
  return askedAt;
}

export function routesOf({ asked }: BreakerScene): string[] {
  return asked.map(({ route, sessionId = '' }) => `${route} ${sessionId}`.trim());
}

/** Opened by a run of `session`; the requests that this took are forgotten. */
export async function anOpenBreaker(
  session: SessionRef,
  ...[code, run]: Parameters<BreakerScene['failedRun']>
): Promise<BreakerScene> {
  const scene = createBreakerScene();
  if (code.startsWith('crisp_')) scene.fail = () => new JobError(code);
  await scene.anInstance().judge(session, scene.failedRun(code, run));
  scene.asked.length = 0;
  return scene;
}

/** Crisp fails with `code` for all sessions but these, and for the website where it is told so. */
export function poison(
  scene: BreakerScene,
  code: JobErrorCode,
  { healthy = ['session_healthy'] as readonly string[], website = false } = {},
) {
  scene.fail = ({ route, sessionId }) => {
    if (route === 'website') return website ? new JobError(code) : undefined;
    return healthy.includes(sessionId ?? '') ? undefined : new JobError(code);
  };
}

/** Each run fails with `code`, at an instance of its own; whom the breaker blames for it. */
export async function judgeAll(
  scene: BreakerScene,
  sessions: readonly SessionRef[],
  code: JobErrorCode,
  receiveCount = 1,
) {
  const blames: string[] = [];
  for (const session of sessions) {
    blames.push(await scene.anInstance().judge(session, scene.failedRun(code, { receiveCount })));
  }
  return blames;
}

interface CrispScript {
  fail(asked: Asked): JobError | undefined;
  hasPerson(sessionId: string): boolean;
  readonly failWebsite: ((websiteId: string) => JobError | undefined) | undefined;
}

function createAskedCrisp(asked: Asked[], script: CrispScript): CrispApi {
  const ask = async <Answer>(
    route: string,
    sessionId: string | undefined,
    answer: Answer,
  ): Promise<Answer> => {
    asked.push({ route, sessionId });
    const failure = script.fail({ route, sessionId });
    if (failure) throw failure.at(route);
    return answer;
  };
  const list = { items: [], hasMore: false };
  const conversation = 'website/conversation';

  return {
    getConversation: ({ sessionId }) =>
      ask(conversation, sessionId, script.hasPerson(sessionId) ? { people_id: 'people-1' } : {}),
    listMessages: ({ sessionId }) =>
      ask(`${conversation}/messages`, sessionId, { messages: [], hasMore: false }),
    getProfile: () => ask('website/people/profile', undefined, {}),
    listVisitedPages: ({ sessionId }) => ask(`${conversation}/pages`, sessionId, list),
    listEvents: ({ sessionId }) => ask(`${conversation}/events`, sessionId, list),
    getRelations: ({ sessionId }: SessionRef) => ask(`${conversation}/relations`, sessionId, {}),
    getWebsite: async (websiteId) => {
      const failure = script.failWebsite?.(websiteId);
      if (failure) throw failure.at('website');
      return script.failWebsite ? {} : ask('website', undefined, {});
    },
  };
}

function unlessAway(notes: BreakerNotes, isAway: () => boolean): BreakerNotes {
  return new Proxy(notes, {
    get:
      (target, name) =>
      async (...args: unknown[]) => {
        if (isAway()) throw new JobError('ledger_failed', { detail: 'timeout_error' });
        return Reflect.apply(Reflect.get(target, name), target, args);
      },
  });
}
