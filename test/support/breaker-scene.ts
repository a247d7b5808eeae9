import { type Breaker, createBreaker } from '../../lib/breaker/breaker.ts';
import type { FailedRun } from '../../lib/breaker/evidence.ts';
import type { EventSourceMapping, EventSourceMappingState } from '../../lib/breaker/mapping.ts';
import { createProbeCrisp } from '../../lib/breaker/probe.ts';
import type { CrispApi } from '../../lib/crisp/client.ts';
import { JobError, type JobErrorCode, type JobErrorContext } from '../../lib/errors.ts';
import type { SessionRef, WebsiteId } from '../../lib/ids.ts';
import { type BreakerNotes, createDynamoBreakerNotes } from '../../lib/ledger/breaker-notes.ts';
import type { Blame } from '../../lib/ledger/failure-notes.ts';
import { type QuotaDay, type QuotaNotes, toNextReset } from '../../lib/ledger/quota-notes.ts';
import { createFakeLedger } from './aws.ts';
import { aSession } from './builders.ts';
import { createRecordingTelemetry } from './memory.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** A route of Crisp and the session it is asked for; of the website itself there is none. */
type Asked = { readonly route: string; readonly sessionId: string | undefined };

export type BreakerScene = ReturnType<typeof createBreakerScene>;

/** Breaker and probe over memory, a Crisp that the test scripts, and a clock that it turns. */
export function createBreakerScene({ websiteIds = [] }: { websiteIds?: readonly WebsiteId[] } = {}) {
  const clock = createVirtualClock();
  const mapping = createMemoryMapping();
  const telemetry = createRecordingTelemetry();
  const notes = createDynamoBreakerNotes(createFakeLedger());
  const asked: Asked[] = [];
  const scene = {
    clock,
    mapping,
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
    /** The day's calls; undefined: none was counted. */
    day: undefined as QuotaDay | undefined,
    /** Another instance of the consumer, which knows of the others by the notes alone. */
    anInstance: () => createBreaker({ notes: ledger, mapping, crisp, clock, telemetry }),
    aProbe: () => createProbeCrisp({ notes: ledger, quota, mapping, crisp, clock, telemetry, websiteIds }),
    failedRun: (
      code: JobErrorCode,
      { receiveCount = 1, ...context }: JobErrorContext & { receiveCount?: number } = {},
    ) => {
      const error = new JobError(code, { route: 'website/conversation', ...context });
      return { error, receiveCount, signal: new AbortController().signal };
    },
  };
  const ledger = unlessAway(notes, () => scene.isLedgerAway);
  const quota: Pick<QuotaNotes, 'read' | 'noteRefused' | 'noteReset'> = {
    async read(nowMs) {
      const { day } = scene;
      if (!day || day.endsMs > nowMs) return day;
      return { ...day, used: 0, endsMs: toNextReset(day.resetMinute, nowMs) };
    },
    async noteRefused(openedMs, nowMs) {
      if (scene.day && (scene.day.refusedSinceMs ?? 0) < openedMs)
        scene.day = { ...scene.day, refusedSinceMs: nowMs };
    },
    async noteReset(resetMinute, nowMs) {
      const endsMs = toNextReset(resetMinute, nowMs);
      if (scene.day) scene.day = { ...scene.day, used: 0, resetMinute, isLearned: true, endsMs };
    },
  };
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

/** How the mapping stands now, and after each of these times in minutes. */
export async function watchMapping(scene: BreakerScene, ...minutes: number[]): Promise<string[]> {
  const states: string[] = [scene.mapping.state];
  for (const each of minutes) {
    await watch(scene, each);
    states.push(scene.mapping.state);
  }
  return states;
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

/** Each run fails with `code`, by default at an instance of its own; whom the breaker blames for it. */
export async function judgeAll(
  scene: BreakerScene,
  sessions: readonly SessionRef[],
  code: JobErrorCode,
  { receiveCount = 1, breaker }: { receiveCount?: number; breaker?: Breaker } = {},
) {
  const blames: string[] = [];
  for (const session of sessions) {
    const instance = breaker ?? scene.anInstance();
    blames.push(await instance.judge(session, scene.failedRun(code, { receiveCount })));
  }
  return blames;
}

/** So many removals, each of a session of its own; what each was judged to be. */
export async function judgeRemovals(breaker: Breaker, count: number): Promise<string[]> {
  const judged: string[] = [];
  for (let n = 1; n <= count; n += 1) judged.push(await breaker.judgeRemoval(aSession(`session_${n}`)));
  return judged;
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

/** A breaker of which the test decides what it says. */
export function createMemoryBreaker() {
  let verdict: Blame = 'session';
  let held: string | undefined;
  let isRemovalRefused = false;
  const successes: SessionRef[] = [];
  const judged: (FailedRun & { readonly session: SessionRef })[] = [];
  const removals: SessionRef[] = [];
  const breaker: Breaker = {
    holding: async () => held,
    noteSuccess: async (session) => void successes.push(session),
    async judge(session, failed) {
      judged.push({ ...failed, session });
      return verdict;
    },
    async judgeRemoval(session) {
      removals.push(session);
      return isRemovalRefused ? 'outage' : 'removed';
    },
  };

  return {
    ...breaker,
    successes,
    judged,
    /** Of which it was asked whether they may be announced. */
    removals,
    /** Replaces what `judge` says of every failure from now on; by default it blames the session. */
    blame(blame: Blame) {
      verdict = blame;
    },
    /** From now on it holds for this code; undefined: no longer. */
    hold(code: string | undefined) {
      held = code;
    },
    /** From now on every removal is one too many. */
    refuseRemovals() {
      isRemovalRefused = true;
    },
  };
}

/** A switch that turns at once, also by hand, as in the AWS console; with a `failure` every method rejects. */
export function createMemoryMapping(state: EventSourceMappingState = 'on') {
  const mapping = {
    state,
    failure: undefined as Error | undefined,
    async read() {
      if (mapping.failure) throw mapping.failure;
      return mapping.state;
    },
    async turnOn() {
      if (mapping.failure) throw mapping.failure;
      mapping.state = 'on';
    },
    async turnOff() {
      if (mapping.failure) throw mapping.failure;
      mapping.state = 'off';
    },
  };
  return mapping satisfies EventSourceMapping;
}
