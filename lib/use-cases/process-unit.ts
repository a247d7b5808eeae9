import { JobError } from '../core/errors/job-error.ts';
import { toJobError } from '../core/errors/to-job-error.ts';
import { type DecodedMessage, type SessionUnit, splitByDueTime } from '../core/job/session-unit.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { HideMessage } from './hide-message.ts';
import { ACKNOWLEDGED, type MessageOutcome } from './message-outcome.ts';
import type { RefreshSession } from './refresh-session.ts';
import type { RetainFailed } from './retain-failed.ts';
import type { Verdicts } from './verdicts.ts';

/**
 * No fetch is started, and a running one is given up, this long before the function's timeout: enough to announce what
 * was fetched (archive, topic) and to hand the rest back.
 */
export const DEADLINE_RESERVE_MS = 15_000;

export interface ProcessUnitDependencies {
  readonly clock: Clock;
  readonly refreshSession: RefreshSession;
  readonly hideMessage: HideMessage;
  readonly retainFailed: RetainFailed;
  readonly verdicts: Verdicts;
  readonly telemetry: Telemetry;
}

export type ProcessUnit = ReturnType<typeof createProcessUnit>;

/**
 * Handles the messages of one session: those that are early are deferred to their `notBeforeMs`, those with a verdict
 * wait for SQS to move them, the others share one fetch and its fate. Resolves to one outcome per message and never
 * throws.
 *
 * The debounce (skipping a message that a newer one supersedes) will stand before the fetch.
 */
export function createProcessUnit(dependencies: ProcessUnitDependencies) {
  const { clock, refreshSession, hideMessage, retainFailed, verdicts, telemetry } = dependencies;

  return async (unit: SessionUnit, deadlineMs: number): Promise<[messageId: string, MessageOutcome][]> => {
    const { due, early } = splitByDueTime(unit.messages, clock.nowMs());
    const deferred = early.map(async (message) => settle(message, await deferUntilDue(message)));
    const judged = await Promise.all(
      due.map(async (each) => ({ each, verdict: await verdicts.find(each.message) })),
    );
    const hopeless = judged.flatMap(({ each, verdict }) => (verdict ? [retainHopeless(each, verdict)] : []));
    const hopeful = judged.flatMap(({ each, verdict }) => (verdict ? [] : [each]));
    const refreshed = hopeful.length === 0 ? [] : await refreshTogether(unit, hopeful, deadlineMs);
    return [...(await Promise.all([...deferred, ...hopeless])), ...refreshed];
  };

  /** Shown again at once until SQS moves it; what was wrong was told when the verdict fell. */
  async function retainHopeless(
    each: DecodedMessage,
    { reason }: JobError,
  ): Promise<[string, MessageOutcome]> {
    await hideMessage(each.message, 0);
    return settle(each, { outcome: 'retained', reason });
  }

  async function refreshTogether(unit: SessionUnit, due: readonly DecodedMessage[], deadlineMs: number) {
    const deadline = startDeadline(deadlineMs);
    try {
      deadline.signal.throwIfAborted();
      const result = await refreshSession({ ...unit, messages: due }, deadline.signal);
      const toOutcome =
        result.outcome === 'deferred' ? defer(result.reason, result.delaySeconds) : acknowledge;
      return await Promise.all(due.map(async (message) => settle(message, await toOutcome(message))));
    } catch (thrown) {
      const error = toJobError(thrown);
      await Promise.all(due.map(({ message }) => verdicts.note(message, error)));
      return Promise.all(
        due.map(async (each) => settle(each, await retainFailed(each.message, error, each.job))),
      );
    } finally {
      deadline.clear();
    }
  }

  async function acknowledge({ message, job }: DecodedMessage): Promise<MessageOutcome> {
    const { websiteId, sessionId } = job;
    telemetry.emit({ name: 'job-acknowledged', messageId: message.messageId, websiteId, sessionId });
    return ACKNOWLEDGED;
  }

  function deferUntilDue(message: DecodedMessage): Promise<MessageOutcome> {
    const waitMs = (message.job.notBeforeMs ?? 0) - clock.nowMs();
    return defer('not_due', Math.max(0, Math.ceil(waitMs / 1000)))(message);
  }

  function defer(reason: string, delaySeconds: number) {
    return async ({ message, job: { websiteId, sessionId } }: DecodedMessage): Promise<MessageOutcome> => {
      const { messageId } = message;
      telemetry.emit({ name: 'job-deferred', reason, messageId, delaySeconds, websiteId, sessionId });
      await hideMessage(message, delaySeconds);
      return { outcome: 'retained', reason };
    };
  }

  /** An abort signal for the moment at which the reserve begins; already aborted where it has begun. */
  function startDeadline(deadlineMs: number) {
    const reached = new AbortController();
    const cleared = new AbortController();
    const remainingMs = deadlineMs - DEADLINE_RESERVE_MS - clock.nowMs();
    const abort = () => reached.abort(new JobError('deadline_reached'));
    if (remainingMs <= 0) abort();
    else clock.sleep(remainingMs, cleared.signal).then(abort, () => undefined);
    return { signal: reached.signal, clear: () => cleared.abort() };
  }
}

function settle({ message }: DecodedMessage, outcome: MessageOutcome): [messageId: string, MessageOutcome] {
  return [message.messageId, outcome];
}
