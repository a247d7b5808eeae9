import { isFields, readFields } from './bodies.ts';
import { findAnnounced } from './cover.ts';
import { checkRefusedDeaths } from './delivery.ts';
import { between, type Evidence, type MessageLife, type Placed } from './evidence.ts';
import type { Violation } from './history.ts';

/**
 * I9: what is wrong with one message holds up its batch siblings for one visibility timeout at most. A sibling is a
 * message in whose session, and at whose instance, nothing went wrong during the batch.
 */
export function checkProgress(evidence: Evidence): Violation[] {
  return evidence
    .of('batch-answered')
    .flatMap((batch) =>
      findHealthySiblings(evidence, batch).flatMap((sibling) => [
        ...checkReturned(evidence, batch, sibling),
        ...checkWait(evidence, sibling),
      ]),
    );
}

type Batch = Placed<'batch-answered'>;

interface Sibling {
  readonly message: MessageLife;
  readonly received: Placed<'message-received'>;
}

function findHealthySiblings(evidence: Evidence, batch: Batch): Sibling[] {
  return batch.messageIds.flatMap((messageId) => {
    const message = evidence.messages.get(messageId);
    const received = message?.receives.findLast(({ index }) => index < batch.index);
    if (!message?.sessionKey || !received || isEarly(message, received)) return [];
    return isTroubled(evidence, batch, { message, received }) ? [] : [{ message, received }];
  });
}

function isEarly({ body }: MessageLife, { atMs }: { readonly atMs: number }): boolean {
  return Number(readFields(body)?.notBeforeMs ?? 0) > atMs;
}

/** From its first receive on: a message that failed for good is returned until SQS takes it, whatever its batch does. */
function isTroubled(evidence: Evidence, { instance, index }: Batch, { message }: Sibling): boolean {
  const firstIndex = message.receives[0]?.index ?? index;
  const isBad = ({ status, fault }: Placed<'crisp-answered'>) =>
    status === 0 || status >= 300 || fault !== undefined;
  const isItsOwn = (answered: Placed<'crisp-answered'>) =>
    answered.sessionKey === undefined || answered.sessionKey === message.sessionKey;
  const answers = between(evidence.of('crisp-answered'), firstIndex, index);
  const faults = between(evidence.of('fault-injected'), firstIndex, index);
  return (
    answers.some((each) => isItsOwn(each) && isBad(each)) ||
    faults.some((each) => each.instance === undefined || each.instance === instance)
  );
}

/** Its record was announced, and it was returned all the same. */
function checkReturned(evidence: Evidence, batch: Batch, { message, received }: Sibling): Violation[] {
  const { messageId, sessionKey = '' } = message;
  if (!batch.failedIds?.includes(messageId)) return [];
  if (isRivalled(evidence, batch, { message, received })) return [];
  const fetches = evidence.fetches.get(sessionKey) ?? [];
  const announcements = (evidence.announcements.get(sessionKey) ?? []).filter(
    ({ index }) => index < batch.index,
  );
  const isDone = fetches.some((fetch) => {
    const isOfBatch = fetch.endIndex > received.index && fetch.endIndex < batch.index;
    if (fetch.instance !== batch.instance || !isOfBatch || !isFresh(fetch.content)) return false;
    const made = findAnnounced(fetch, announcements);
    return (
      made === 'announced' || (made !== undefined && !isCutShort(evidence, batch, { message, received }))
    );
  });
  return isDone
    ? toProgressViolations(batch.atMs, `message ${messageId} was done and returned all the same`)
    : [];
}

/**
 * Conversation and messages are as they were, but the day's calls ended before the rest of what runs read here: a list, or
 * the rest of one, or the profile. A profile that was used again is not seen here, and counts as one that was not read.
 */
function isCutShort({ of }: Evidence, batch: Batch, { message, received }: Sibling): boolean {
  const count = of('line-written').findLast(
    ({ by, text, index }) =>
      by === batch.instance && index < batch.index && text.startsWith('{"name":"quota-counted"'),
  );
  const { used, quota } = readFields(count?.text ?? '') ?? {};
  if (!(Number(used) > Number(quota))) return false;

  const asked = of('crisp-answered').filter(({ by }) => by === 'consumer');
  const its = between(asked, received.index, batch.index).filter(
    ({ instance }) => instance === batch.instance,
  );
  const own = new Map(
    its.flatMap((each) => (each.sessionKey === message.sessionKey ? [[each.route, each]] : [])),
  );
  const parts = new Set(asked.map(({ route }) => route).filter((route) => route.startsWith(CONVERSATION)));
  const conversation = readFields(own.get(CONVERSATION)?.body ?? '')?.data;
  const peopleId = isFields(conversation) ? conversation.people_id : undefined;
  return (
    [...parts].some((route) => own.get(route)?.status !== 200) ||
    (typeof peopleId === 'string' && !its.some(({ path }) => path.endsWith(`/${peopleId}`)))
  );
}

const CONVERSATION = 'website/conversation';

/** Two instances had messages of the session at once, as a duplicate delivery does it: one of them has to give way. */
function isRivalled(evidence: Evidence, batch: Batch, { message, received }: Sibling): boolean {
  const { sessionKey = '' } = message;
  const isOthers = ({ instance }: { readonly instance: string }) => instance !== batch.instance;
  const batches = between(evidence.of('batch-answered'), received.index, batch.index).filter(isOthers);
  const fetches = (evidence.fetches.get(sessionKey) ?? []).filter(isOthers);
  return (
    fetches.some(({ startMs, endMs }) => endMs >= received.atMs && startMs <= batch.atMs) ||
    batches.some(({ messageIds }) =>
      messageIds.some((messageId) => evidence.messages.get(messageId)?.sessionKey === sessionKey),
    )
  );
}

function isFresh(content: { fingerprints: ReadonlySet<number>; latest: number | undefined } | undefined) {
  return content !== undefined && (content.latest === undefined || content.fingerprints.has(content.latest));
}

/** Not acknowledged, it is handed out again in time, unless nothing is. */
function checkWait({ of, terms }: Evidence, { message, received }: Sibling): Violation[] {
  const { messageId, receives, deletions, deadLetterings } = message;
  const next = [...receives, ...deletions, ...deadLetterings]
    .filter(({ index }) => index > received.index)
    .toSorted((a, b) => a.index - b.index)[0];
  if (!next) return [];
  const longestMs = terms.visibilityTimeoutMs + terms.functionTimeoutMs;
  const wasClosed = findClosures(of('mapping-turned'), 0).some(
    ({ fromMs, untilMs }) => fromMs < next.atMs && untilMs > received.atMs,
  );
  if (wasClosed || next.atMs - received.atMs <= longestMs) return [];
  return toProgressViolations(next.atMs, `message ${messageId} waited longer than one visibility timeout`);
}

function toProgressViolations(atMs: number, text: string): Violation[] {
  return [{ invariant: 'I9', atMs, text }];
}

/** I6: no more requests than the budget, no more receives and attempts than the limits, none while the mapping is off. */
export function checkBoundedLoad(evidence: Evidence): Violation[] {
  return [
    ...checkRates(evidence),
    ...checkDailyQuota(evidence),
    ...checkReceives(evidence),
    ...checkAttempts(evidence),
    ...checkRefusedDeaths(evidence),
    ...checkClosedTap(evidence),
  ];
}

type Answered = Placed<'crisp-answered'>;

/** What a timer is late may be made good. */
const LATE_TIMER_MS = 10;

/** Each instance keeps to its share, so all of them together keep to the rate. */
function checkRates(evidence: Evidence): Violation[] {
  const { requestsPerSecond, consumerInstances, transitJitterMs } = evidence.terms;
  const requests = evidence
    .of('crisp-answered')
    .filter(({ by }) => by === 'consumer')
    .toSorted((a, b) => a.atMs - b.atMs);
  const ratePerSecond = requestsPerSecond / consumerInstances;
  // An instance by itself may start a conversation and its first page together.
  const burst = consumerInstances === 1 ? 2 : 1;
  const slack = ((transitJitterMs + LATE_TIMER_MS) / 1000) * ratePerSecond;
  const shares = [...Map.groupBy(requests, ({ instance }) => instance)].flatMap(([instance, its]) =>
    checkRate(its, { ratePerSecond, burst: burst + slack, whose: instance }),
  );
  const together = {
    ratePerSecond: requestsPerSecond,
    burst: burst * consumerInstances,
    slack: slack * consumerInstances,
  };
  return [...shares, ...checkTotal(requests, together, consumerInstances)];
}

const DAY_MS = 24 * 3600_000;
/** What an instance may still hold of the day before where the day begins anew at a moment that nobody foresaw. */
const LARGEST_LEASE = 20;

/**
 * The consumer's calls of a day never exceed the budget. A day begins at midnight UTC, where an hour was learned at that
 * moment, and from then on at that hour. Without the ledger, and with a new token, nothing is promised.
 */
function checkDailyQuota({ of, terms }: Evidence): Violation[] {
  const { dailyQuota, consumerInstances } = terms;
  const isUncounted = of('fault-injected').some(({ place }) => place === 'ledger' || place === 'secrets');
  if (dailyQuota === undefined || isUncounted) return [];
  const learned = of('line-written').flatMap(({ atMs, text }) =>
    text.includes('"quota-reset-learned"') ? [{ atMs, offsetMs: JSON.parse(text).resetMinute * 60_000 }] : [],
  );
  const toDay = (atMs: number) =>
    [
      Math.floor(atMs / DAY_MS),
      ...learned
        .filter((each) => each.atMs <= atMs)
        .map(({ offsetMs }) => Math.floor((atMs - offsetMs) / DAY_MS)),
    ].join();
  const calls = of('crisp-answered').filter(({ by }) => by === 'consumer');
  const allowed = dailyQuota + (learned.length > 0 ? LARGEST_LEASE * consumerInstances : 0);
  return [...Map.groupBy(calls, ({ atMs }) => toDay(atMs)).values()]
    .filter((its) => its.length > allowed)
    .flatMap((its) =>
      toLoadViolations(its[allowed]?.atMs ?? 0, `${its.length} requests in a day of ${dailyQuota}`),
    );
}

interface Budget {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** In every window of T seconds at most burst + rate × T: that is, a bucket that leaks at the rate never overflows. */
function checkRate(requests: readonly Answered[], budget: Budget & { whose: string }): Violation[] {
  const { ratePerSecond, burst, whose } = budget;
  let level = 0;
  let lastMs = 0;
  for (const { atMs } of requests) {
    level = Math.max(0, level - ((atMs - lastMs) / 1000) * ratePerSecond) + 1;
    lastMs = atMs;
    if (level > burst + ROUNDING)
      return toLoadViolations(atMs, `${whose} sent more than ${burst} + ${ratePerSecond} × T requests`);
  }
  return [];
}

/** The same for all instances; one that takes another's place brings a burst of its own, to use whenever it likes. */
function checkTotal(requests: readonly Answered[], together: Budget & { slack: number }, places: number) {
  const { ratePerSecond, burst, slack } = together;
  const seen = new Set<string>();
  let credit = 0;
  let level = 0;
  let lastMs = 0;
  for (const { atMs, instance } of requests) {
    if (!seen.has(instance) && seen.size >= places) credit += burst / places;
    seen.add(instance);
    level = Math.max(0, level - ((atMs - lastMs) / 1000) * ratePerSecond) + 1;
    lastMs = atMs;
    if (level <= burst + slack + ROUNDING) continue;
    if (credit < 1)
      return toLoadViolations(atMs, `all instances sent more than ${ratePerSecond} × T requests`);
    credit -= 1;
    level -= 1;
  }
  return [];
}

// The level is a sum of fractions.
const ROUNDING = 1e-6;

function checkReceives({ of, terms }: Evidence): Violation[] {
  return of('message-received')
    .filter(({ queue, receiveCount }) => queue === 'sessions' && receiveCount > terms.receiveLimit)
    .flatMap(({ atMs, messageId, receiveCount }) =>
      toLoadViolations(atMs, `message ${messageId} was received ${receiveCount} times`),
    );
}

/** What is logged or noted of a message counts its attempts; without the ledger only its receives are counted. */
function checkAttempts({ of, terms }: Evidence): Violation[] {
  const ledgerAway = of('fault-injected').find(({ place }) => place === 'ledger')?.index ?? Infinity;
  const texts = [...of('line-written'), ...of('note-written')];
  return texts
    .filter(({ text, index }) => {
      const most = index > ledgerAway ? terms.receiveLimit : terms.maxAttempts;
      return readAttempts(text).some((attempt) => attempt > most);
    })
    .flatMap(({ atMs }) => toLoadViolations(atMs, `a message had more than ${terms.maxAttempts} attempts`));
}

const ATTEMPTS = /"(?:attempt|failures)":\s*(\d+)/g;

function readAttempts(text: string): number[] {
  if (!text.includes('"attempt"') && !text.includes('"failures"')) return [];
  return [...text.matchAll(ATTEMPTS)].map(([, digits]) => Number(digits));
}

/** A batch that was handed out before may still come to its end; nothing new is handed out, and nothing called. */
function checkClosedTap({ of, terms }: Evidence): Violation[] {
  const closures = findClosures(of('mapping-turned'), terms.mappingPropagationMs);
  const isClosed = (atMs: number, extraMs = 0) =>
    closures.some(({ fromMs, untilMs }) => atMs > fromMs + extraMs && atMs < untilMs);
  const receives = of('message-received').filter(({ queue, atMs }) => queue === 'sessions' && isClosed(atMs));
  const calls = of('crisp-answered').filter(
    ({ by, atMs }) => by === 'consumer' && isClosed(atMs, terms.functionTimeoutMs),
  );
  return [
    ...receives.flatMap(({ atMs, messageId }) =>
      toLoadViolations(atMs, `message ${messageId} was handed out while the mapping was off`),
    ),
    ...calls.flatMap(({ atMs, path }) =>
      toLoadViolations(atMs, `${path} was called while the mapping was off`),
    ),
  ];
}

/** From when each closing has taken effect until it was asked to open again. */
function findClosures(
  turns: readonly Placed<'mapping-turned'>[],
  propagationMs: number,
): { fromMs: number; untilMs: number }[] {
  const changes = turns.filter(({ to }, place) => to !== (turns[place - 1]?.to ?? 'on'));
  return changes.flatMap(({ to, atMs }, place) =>
    to === 'off' ? [{ fromMs: atMs + propagationMs, untilMs: changes[place + 1]?.atMs ?? Infinity }] : [],
  );
}

function toLoadViolations(atMs: number, text: string): Violation[] {
  return [{ invariant: 'I6', atMs, text }];
}

/** I10: whatever came in, nothing crashed, and whatever was refused has a code. */
export function checkNothingCrashed(evidence: Evidence): Violation[] {
  return [
    ...checkUnanswered(evidence),
    ...evidence.of('hook-answered').flatMap((answered) => checkReply(evidence, answered)),
    ...evidence.of('batch-answered').flatMap((batch) => checkBatch(evidence, batch)),
    ...checkLines(evidence),
  ];
}

/** The ledger's partition of people whose profile changed. */
const CHANGED_PERSON = '"people-changed"';

/** Only a killed function, or a lost answer, leaves a delivery without one. */
function checkUnanswered({ of }: Evidence): Violation[] {
  const answered = new Set(of('hook-answered').map(({ deliveryId }) => deliveryId));
  const excuses = [...of('instance-killed'), ...of('fault-injected')];
  return of('hook-delivered')
    .filter(
      ({ deliveryId, index }) => !answered.has(deliveryId) && !excuses.some((each) => each.index > index),
    )
    .flatMap(({ atMs, deliveryId }) => toCrashViolations(atMs, `delivery ${deliveryId} was never answered`));
}

function checkReply({ of }: Evidence, answered: Placed<'hook-answered'>): Violation[] {
  const { status, body, deliveryId, atMs, index } = answered;
  const reply = readFields(body);
  const isNoted = () =>
    of('note-written').some((note) => note.index < index && note.text.includes(CHANGED_PERSON));
  if (status >= 200 && status < 300) {
    return reply?.status === 'queued' ||
      (reply?.status === 'noted' && isNoted()) ||
      (reply?.status === 'ignored' && isCode(reply.code))
      ? []
      : toCrashViolations(atMs, `delivery ${deliveryId} was answered ${status} without a disposition`);
  }
  return isCode(reply?.error) && reply?.error !== 'unexpected'
    ? []
    : toCrashViolations(atMs, `delivery ${deliveryId} was answered ${status} without a code`);
}

function isCode(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z0-9_]*$/.test(value);
}

function checkBatch({ of }: Evidence, batch: Placed<'batch-answered'>): Violation[] {
  const { instance, messageIds, failedIds, atMs } = batch;
  if (failedIds === undefined) {
    const wasKilled = of('instance-killed').some((killed) => killed.instance === instance);
    return wasKilled ? [] : toCrashViolations(atMs, `${instance} threw on a batch`);
  }
  const isForeign = failedIds.some((failedId) => !messageIds.includes(failedId));
  return isForeign ? toCrashViolations(atMs, `${instance} returned an id that was not in its batch`) : [];
}

const DEFECT = /"(?:code|reason)":"unexpected(?:[:"])|unhandled ?rejection|uncaught ?exception/i;
/** A handler that is made to throw what is no error is told of as `unexpected`, and rightly so. */
const THROWS_ANYTHING = 'F22';

function checkLines({ of }: Evidence): Violation[] {
  if (of('fault-injected').some(({ fault }) => fault === THROWS_ANYTHING)) return [];
  return of('line-written')
    .filter(({ text }) => DEFECT.test(text))
    .flatMap(({ atMs, text }) => toCrashViolations(atMs, `a defect was logged: ${text.slice(0, 200)}`));
}

function toCrashViolations(atMs: number, text: string): Violation[] {
  return [{ invariant: 'I10', atMs, text }];
}
