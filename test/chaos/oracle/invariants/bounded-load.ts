import type { Evidence, Placed } from '../evidence/evidence.ts';
import type { Violation } from '../violation.ts';
import { checkRefusedDeaths } from './refused-deaths.ts';

/** I6: no more requests than the budget, no more receives and attempts than the limits, none while the tap is closed. */
export function checkBoundedLoad(evidence: Evidence): Violation[] {
  return [
    ...checkRates(evidence),
    ...checkReceives(evidence),
    ...checkAttempts(evidence),
    ...checkRefusedDeaths(evidence),
    ...checkClosedTap(evidence),
  ];
}

type Answered = Placed<'crisp-answered'>;

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
  const slack = (transitJitterMs / 1000) * ratePerSecond;
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
      return toViolations(atMs, `${whose} sent more than ${burst} + ${ratePerSecond} × T requests`);
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
    if (credit < 1) return toViolations(atMs, `all instances sent more than ${ratePerSecond} × T requests`);
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
      toViolations(atMs, `message ${messageId} was received ${receiveCount} times`),
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
    .flatMap(({ atMs }) => toViolations(atMs, `a message had more than ${terms.maxAttempts} attempts`));
}

const ATTEMPTS = /"(?:attempt|failures)":\s*(\d+)/g;

function readAttempts(text: string): number[] {
  if (!text.includes('"attempt"') && !text.includes('"failures"')) return [];
  return [...text.matchAll(ATTEMPTS)].map(([, digits]) => Number(digits));
}

/** A batch that was handed out before may still come to its end; nothing new is handed out, and nothing called. */
function checkClosedTap({ of, terms }: Evidence): Violation[] {
  const closures = findClosures(of('tap-turned'), terms.tapPropagationMs);
  const isClosed = (atMs: number, extraMs = 0) =>
    closures.some(({ fromMs, untilMs }) => atMs > fromMs + extraMs && atMs < untilMs);
  const receives = of('message-received').filter(({ queue, atMs }) => queue === 'sessions' && isClosed(atMs));
  const calls = of('crisp-answered').filter(
    ({ by, atMs }) => by === 'consumer' && isClosed(atMs, terms.functionTimeoutMs),
  );
  return [
    ...receives.flatMap(({ atMs, messageId }) =>
      toViolations(atMs, `message ${messageId} was handed out while the tap was closed`),
    ),
    ...calls.flatMap(({ atMs, path }) => toViolations(atMs, `${path} was called while the tap was closed`)),
  ];
}

/** From when each closing has taken effect until it was asked to open again. */
export function findClosures(
  turns: readonly Placed<'tap-turned'>[],
  propagationMs: number,
): { fromMs: number; untilMs: number }[] {
  const changes = turns.filter(({ to }, place) => to !== (turns[place - 1]?.to ?? 'on'));
  return changes.flatMap(({ to, atMs }, place) =>
    to === 'off' ? [{ fromMs: atMs + propagationMs, untilMs: changes[place + 1]?.atMs ?? Infinity }] : [],
  );
}

function toViolations(atMs: number, text: string): Violation[] {
  return [{ invariant: 'I6', atMs, text }];
}
