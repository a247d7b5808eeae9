import { between, type Evidence, type Placed } from '../evidence/evidence.ts';
import type { MessageLife } from '../evidence/message-lives.ts';
import type { Violation } from '../violation.ts';

/**
 * Part of I6: a refusal spends no attempt, and neither does a token that Crisp rejects. Nor do verdicts that
 * every session gets. So no message may die to which nothing else ever happened.
 */
export function checkRefusedDeaths(evidence: Evidence): Violation[] {
  return [...evidence.messages.values()].flatMap((message) =>
    message.deadLetterings
      .filter((died) => diedOfRefusals(evidence, message, died))
      .map(({ atMs, messageId }): Violation => {
        const text = `message ${messageId} died, and Crisp had only refused its requests`;
        return { invariant: 'I6', atMs, text };
      }),
  );
}

const REFUSALS: ReadonlySet<number> = new Set([401, 420, 422, 423, 429]);
/** Faults that refuse under other statuses, whoever asks. */
const REFUSES_EVERYTHING: ReadonlySet<string> = new Set(['F74', 'F77']);

function diedOfRefusals(
  evidence: Evidence,
  message: MessageLife,
  died: Placed<'message-dead-lettered'>,
): boolean {
  // What nobody can read dies of itself.
  if (message.sessionKey === undefined) return false;
  const sent = message.sends.findLast(({ index }) => index < died.index)?.index ?? 0;
  const during = <Event extends { readonly index: number }>(events: readonly Event[]) =>
    between(events, sent, died.index);
  const hadTrouble =
    during(evidence.of('fault-injected')).length > 0 || during(evidence.of('instance-killed')).length > 0;
  if (hadTrouble || !wasAlwaysReported(message, during(evidence.of('batch-answered')))) return false;

  // An answer that is about no session, such as a profile, may have been this one's.
  const answers = during(evidence.of('crisp-answered')).filter(
    ({ by, sessionKey }) =>
      by === 'consumer' && (sessionKey === undefined || sessionKey === message.sessionKey),
  );
  const runs = toRuns(
    answers.filter(({ sessionKey }) => sessionKey !== undefined),
    message.receives,
  );
  return (
    answers.every((each) => isRefusal(each) || isFine(each)) &&
    runs.length > 0 &&
    // Where everything was answered and nothing announced, it was the content that it failed of.
    runs.every((run) => run.some(isRefusal))
  );
}

/** A session that alone is refused for good, beside others that are served, dies of it as of any failure of its own. */
function isRefusal({ status, fault }: Placed<'crisp-answered'>): boolean {
  return (REFUSALS.has(status) && fault !== 'F73') || REFUSES_EVERYTHING.has(fault ?? '');
}

function isFine({ status, fault }: Placed<'crisp-answered'>): boolean {
  return (status === 200 || status === 206) && fault === undefined;
}

/** What was answered in each receive, where anything was asked. */
function toRuns(
  answers: readonly Placed<'crisp-answered'>[],
  receives: readonly Placed<'message-received'>[],
): (readonly Placed<'crisp-answered'>[])[] {
  const receiveOf = ({ index }: Placed<'crisp-answered'>) =>
    receives.findLast((received) => received.index < index)?.index;
  return [...Map.groupBy(answers, receiveOf).values()];
}

/** False where a receive was lost, throttled, or ended with the function: nobody knows what it would have come to. */
function wasAlwaysReported(
  { messageId, receives }: MessageLife,
  batches: readonly Placed<'batch-answered'>[],
): boolean {
  const reported = batches.filter(
    ({ messageIds, failedIds }) => failedIds !== undefined && messageIds.includes(messageId),
  );
  return reported.length >= receives.length;
}
