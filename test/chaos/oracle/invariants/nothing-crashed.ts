import type { Evidence, Placed } from '../evidence/evidence.ts';
import { readFields } from '../evidence/read-body.ts';
import type { Violation } from '../violation.ts';

/** I10: whatever came in, nothing crashed, and whatever was refused has a code. */
export function checkNothingCrashed(evidence: Evidence): Violation[] {
  return [
    ...checkUnanswered(evidence),
    ...evidence.of('hook-answered').flatMap(checkReply),
    ...evidence.of('batch-answered').flatMap((batch) => checkBatch(evidence, batch)),
    ...checkLines(evidence),
  ];
}

/** Only a killed function, or a lost answer, leaves a delivery without one. */
function checkUnanswered({ of }: Evidence): Violation[] {
  const answered = new Set(of('hook-answered').map(({ deliveryId }) => deliveryId));
  const excuses = [...of('instance-killed'), ...of('fault-injected')];
  return of('hook-delivered')
    .filter(
      ({ deliveryId, index }) => !answered.has(deliveryId) && !excuses.some((each) => each.index > index),
    )
    .flatMap(({ atMs, deliveryId }) => toViolations(atMs, `delivery ${deliveryId} was never answered`));
}

function checkReply({ status, body, deliveryId, atMs }: Placed<'hook-answered'>): Violation[] {
  const reply = readFields(body);
  if (status >= 200 && status < 300) {
    return reply?.status === 'queued' || (reply?.status === 'ignored' && isCode(reply.code))
      ? []
      : toViolations(atMs, `delivery ${deliveryId} was answered ${status} without a disposition`);
  }
  return isCode(reply?.error) && reply?.error !== 'unexpected'
    ? []
    : toViolations(atMs, `delivery ${deliveryId} was answered ${status} without a code`);
}

function isCode(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z0-9_]*$/.test(value);
}

function checkBatch({ of }: Evidence, batch: Placed<'batch-answered'>): Violation[] {
  const { instance, messageIds, failedIds, atMs } = batch;
  if (failedIds === undefined) {
    const wasKilled = of('instance-killed').some((killed) => killed.instance === instance);
    return wasKilled ? [] : toViolations(atMs, `${instance} threw on a batch`);
  }
  const isForeign = failedIds.some((failedId) => !messageIds.includes(failedId));
  return isForeign ? toViolations(atMs, `${instance} returned an id that was not in its batch`) : [];
}

const DEFECT = /"(?:code|reason)":"unexpected(?:[:"])|unhandled ?rejection|uncaught ?exception/i;
/** A handler that is made to throw what is no error is told of as `unexpected`, and rightly so. */
const THROWS_ANYTHING = 'F22';

function checkLines({ of }: Evidence): Violation[] {
  if (of('fault-injected').some(({ fault }) => fault === THROWS_ANYTHING)) return [];
  return of('line-written')
    .filter(({ text }) => DEFECT.test(text))
    .flatMap(({ atMs, text }) => toViolations(atMs, `a defect was logged: ${text.slice(0, 200)}`));
}

function toViolations(atMs: number, text: string): Violation[] {
  return [{ invariant: 'I10', atMs, text }];
}
