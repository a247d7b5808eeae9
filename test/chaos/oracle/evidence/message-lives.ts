import type { EventsOf, Placed } from './evidence.ts';
import { readSessionKey } from './read-body.ts';

/** What became of one message of the sessions queue, and of its dead-letter queue. */
export interface MessageLife {
  readonly messageId: string;
  /** Undefined for a message that names none. */
  readonly sessionKey: string | undefined;
  readonly body: string;
  /** Every send that it stands for: the first, and those that it absorbed. */
  readonly sends: readonly Placed<'message-sent'>[];
  /** From the sessions queue. */
  readonly receives: readonly Placed<'message-received'>[];
  readonly deletions: readonly Placed<'message-deleted'>[];
  readonly deadLetterings: readonly Placed<'message-dead-lettered'>[];
  readonly expiries: readonly Placed<'message-expired'>[];
  /** From the dead-letter queue, by a tool. */
  readonly dlqDeletions: readonly Placed<'message-deleted'>[];
}

export function findMessages(of: EventsOf): Map<string, MessageLife> {
  const grouped = {
    sends: byMessage(of('message-sent')),
    receives: byMessage(of('message-received').filter(isOfSessions)),
    deletions: byMessage(of('message-deleted').filter(isOfSessions)),
    deadLetterings: byMessage(of('message-dead-lettered')),
    expiries: byMessage(of('message-expired')),
    dlqDeletions: byMessage(of('message-deleted').filter((each) => !isOfSessions(each))),
  };
  const bodies = new Map(
    [...of('message-received'), ...of('message-sent')].map(({ messageId, body }) => [messageId, body]),
  );
  return new Map(
    [...bodies].map(([messageId, body]) => [
      messageId,
      {
        messageId,
        body,
        sessionKey: readSessionKey(body),
        sends: grouped.sends.get(messageId) ?? [],
        receives: grouped.receives.get(messageId) ?? [],
        deletions: grouped.deletions.get(messageId) ?? [],
        deadLetterings: grouped.deadLetterings.get(messageId) ?? [],
        expiries: grouped.expiries.get(messageId) ?? [],
        dlqDeletions: grouped.dlqDeletions.get(messageId) ?? [],
      },
    ]),
  );
}

/** True where it lies in the dead-letter queue when the run ends. */
export function isDead({ deadLetterings, dlqDeletions, expiries }: MessageLife): boolean {
  const last = deadLetterings.at(-1)?.index ?? -1;
  return last > Math.max(dlqDeletions.at(-1)?.index ?? -1, expiries.at(-1)?.index ?? -1);
}

function isOfSessions({ queue }: { readonly queue: string }): boolean {
  return queue === 'sessions';
}

function byMessage<Event extends { readonly messageId: string }>(events: readonly Event[]) {
  return Map.groupBy(events, ({ messageId }) => messageId);
}
