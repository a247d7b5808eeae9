import { type SessionRef, toSessionKey } from '../ids.ts';
import type { ReceivedMessage } from './received-message.ts';
import type { SessionJob } from './session-job.ts';

/** A message together with what it asks for. */
export interface DecodedMessage {
  readonly message: ReceivedMessage;
  readonly job: SessionJob;
}

/** The messages of one session in one batch: fetched once, and acknowledged or retained together. */
export interface SessionUnit extends SessionRef {
  readonly messages: readonly DecodedMessage[];
}

/** Puts the messages of a batch into units, in the order in which their sessions first appear. */
export function toSessionUnits(messages: readonly DecodedMessage[]): SessionUnit[] {
  const groups = Map.groupBy(messages, ({ job }) => toSessionKey(job));
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    return first ? [{ websiteId: first.job.websiteId, sessionId: first.job.sessionId, messages: group }] : [];
  });
}

/** Splits a unit's messages by whether their `notBeforeMs` has come. */
export function splitByDueTime(
  messages: readonly DecodedMessage[],
  nowMs: number,
): { due: readonly DecodedMessage[]; early: readonly DecodedMessage[] } {
  const isDue = ({ job }: DecodedMessage) => (job.notBeforeMs ?? 0) <= nowMs;
  return { due: messages.filter(isDue), early: messages.filter((message) => !isDue(message)) };
}
