import { toJobError } from '../../core/errors/to-job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { DecodedMessage } from '../../core/job/session-unit.ts';
import { toHeldSeconds } from '../../core/retry/held-seconds.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { Breaker } from '../breaker/breaker.ts';
import type { DeferMessage } from './defer-message.ts';
import type { HandleFailure } from './handle-failure.ts';
import { ACKNOWLEDGED } from './message-outcome.ts';
import type { RecalledFailure } from './recall-failure.ts';
import type { RefreshResult } from './refresh-result.ts';
import type { RefreshSession } from './refresh-session.ts';
import type { SettledMessage } from './settled-message.ts';
import { startDeadline } from './start-deadline.ts';

export interface RefreshUnitDependencies {
  readonly clock: Clock;
  readonly breaker: Breaker;
  readonly refreshSession: RefreshSession;
  readonly deferMessage: DeferMessage;
  readonly handleFailure: HandleFailure;
  readonly telemetry: Telemetry;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A message that is to be tried. */
export type LiveMessage = DecodedMessage & Pick<RecalledFailure, 'attempt'>;

/** The messages of a session that are to be tried: at least one. */
export interface LiveUnit extends SessionRef {
  readonly messages: readonly LiveMessage[];
}

export type RefreshUnit = (unit: LiveUnit, deadlineMs: number) => Promise<SettledMessage[]>;

type Refreshed = { readonly result: RefreshResult } | { readonly thrown: unknown };

/**
 * Refreshes a session once for all of its messages, which share what comes of it. Nothing is asked of Crisp while the
 * breaker holds. Never throws.
 */
export function createRefreshUnit(dependencies: RefreshUnitDependencies): RefreshUnit {
  const { clock, breaker, refreshSession, deferMessage, handleFailure, telemetry, random } = dependencies;

  return async (unit, deadlineMs) => {
    if ((await breaker.holding()) !== undefined) return hold(unit, { reason: 'breaker_open', apiCalls: 0 });

    let apiCalls = 0;
    const onRequest = () => {
      apiCalls += 1;
    };
    const deadline = startDeadline(clock, deadlineMs);
    try {
      const refreshed = await refresh(unit, { signal: deadline.signal, onRequest });
      return 'result' in refreshed
        ? await settle(unit, refreshed.result, apiCalls)
        : await fail(unit, refreshed.thrown, { apiCalls, signal: deadline.signal });
    } finally {
      deadline.clear();
    }
  };

  async function refresh(
    unit: LiveUnit,
    options: { signal: AbortSignal; onRequest: () => void },
  ): Promise<Refreshed> {
    try {
      options.signal.throwIfAborted();
      return { result: await refreshSession(unit, options) };
    } catch (thrown) {
      return { thrown };
    }
  }

  async function settle(unit: LiveUnit, result: RefreshResult, apiCalls: number): Promise<SettledMessage[]> {
    switch (result.outcome) {
      case 'held':
        return hold(unit, { reason: result.reason, apiCalls });
      case 'deferred':
        return Promise.all(
          unit.messages.map((each) => deferMessage(each, { ...result, attempt: each.attempt, apiCalls })),
        );
      case 'emitted':
      case 'unchanged':
        // A removal proves nothing of the kind: a Crisp that has lost everything answers like that, too.
        await breaker.noteSuccess(toSession(unit));
        return acknowledge(unit, result.outcome, apiCalls);
      case 'removed':
      case 'skipped':
        return acknowledge(unit, result.outcome, apiCalls);
    }
  }

  function hold(unit: LiveUnit, end: { reason: string; apiCalls: number }): Promise<SettledMessage[]> {
    return Promise.all(
      unit.messages.map((each) => {
        const { attempt, message } = each;
        const delaySeconds = toHeldSeconds(message.receiveCount, random);
        return deferMessage(each, { outcome: 'held', delaySeconds, attempt, ...end });
      }),
    );
  }

  async function fail(unit: LiveUnit, thrown: unknown, run: { apiCalls: number; signal: AbortSignal }) {
    const error = toJobError(thrown);
    const { apiCalls, signal } = run;
    const session = toSession(unit);
    const receiveCount = Math.max(...unit.messages.map(({ message }) => message.receiveCount));
    const blame = await breaker.judge(session, { error, receiveCount, signal });
    return Promise.all(
      unit.messages.map(({ message, attempt }) =>
        handleFailure(message, { session, error, blame, attempt, apiCalls }),
      ),
    );
  }

  function acknowledge(
    { messages, websiteId, sessionId }: LiveUnit,
    outcome: 'emitted' | 'unchanged' | 'removed' | 'skipped',
    apiCalls: number,
  ): SettledMessage[] {
    return messages.map(({ message, attempt }) => {
      telemetry.emit({ name: 'job-acknowledged', messageId: message.messageId, websiteId, sessionId });
      return { message, outcome: ACKNOWLEDGED, end: { outcome, attempt, apiCalls } };
    });
  }
}

function toSession({ websiteId, sessionId }: SessionRef): SessionRef {
  return { websiteId, sessionId };
}
