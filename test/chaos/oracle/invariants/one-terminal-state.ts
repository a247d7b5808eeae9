import type { Announcement } from '../evidence/announcements.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { MessageLife } from '../evidence/message-lives.ts';
import type { Violation } from '../violation.ts';

/**
 * I2: a message has one end, and a removal is told once. A dead letter may lie beside a record that another message
 * brought: such an overlap is counted by `judge`, not a violation.
 */
export function checkOneTerminalState(evidence: Evidence): Violation[] {
  return [
    ...[...evidence.messages.values()].flatMap(checkMessage),
    ...[...evidence.announcements].flatMap(([sessionKey, announcements]) =>
      checkRemovals(evidence, sessionKey, announcements),
    ),
  ];
}

function checkMessage({ messageId, deletions, deadLetterings, receives }: MessageLife): Violation[] {
  const [deleted, again] = deletions;
  if (!deleted) return [];
  const violation = (atMs: number, problem: string): Violation => ({
    invariant: 'I2',
    atMs,
    text: `message ${messageId} was acknowledged and ${problem}`,
  });
  const later = receives.find(({ index }) => index > deleted.index);
  return [
    ...(again ? [violation(again.atMs, 'acknowledged again')] : []),
    ...(later ? [violation(later.atMs, 'received again')] : []),
    ...deadLetterings.map(({ atMs }) => violation(atMs, 'dead-lettered')),
  ];
}

/** Told again only where nobody could know that it was told: between the two no message of the session was acknowledged. */
function checkRemovals(
  evidence: Evidence,
  sessionKey: string,
  announcements: readonly Announcement[],
): Violation[] {
  const deletions = [...evidence.messages.values()]
    .filter((message) => message.sessionKey === sessionKey)
    .flatMap((message) => message.deletions);
  return announcements.flatMap((second, place) => {
    const first = announcements[place - 1];
    if (second.kind !== 'removed' || first?.kind !== 'removed') return [];
    const wasKnown = deletions.some(({ index }) => index > first.index && index < second.index);
    const text = `the removal of ${sessionKey} was told again as version ${second.version}`;
    return wasKnown ? [{ invariant: 'I2', atMs: second.atMs, text }] : [];
  });
}
