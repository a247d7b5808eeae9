import { toQueueAddress } from '../aws/failures.ts';
import { toReason } from '../errors.ts';
import { CALLS_OF_A_FETCH } from '../ledger/quota.ts';
import type { QuotaDay } from '../ledger/quota-notes.ts';
import { listUnread, type Status } from '../operate/status.ts';
import { type ConsoleContext, countMessages, isLocal, toConfirmation, toSentence } from './context.ts';
import type { Bar, Calls, Deliveries, Overview, Savings, Station } from './model.ts';

/** How the stage stands and what flows through it, from memory; a first time waits for the stage. */
export async function readOverview(context: ConsoleContext): Promise<Overview> {
  const { status, traffic } = context;
  const refreshed = Promise.all([status.refresh(), traffic.refresh().catch(() => undefined)]);
  if (status.asOfMs() === 0) await refreshed;
  return toOverview(context);
}

function toOverview(context: ConsoleContext): Overview {
  const { status, traffic, clock, play, curves } = context;
  const seen = status.read();
  const savings = traffic.savings() ?? toDaysSavings(seen?.quota.day, context);
  if (!traffic.isLive && status.asOfMs() > 0)
    curves.note(status.asOfMs(), { calls: savings.calls, loop: savings.callsOfALoop });
  return {
    bar: toBar(context, seen, savings),
    stations: toStations(context, seen),
    savings,
    waiting: countMessages(seen, 'sessions') ?? null,
    deadLetters: countMessages(seen, 'sessions-dlq') ?? null,
    isLive: traffic.isLive,
    asOfMs: traffic.isLive ? clock.nowMs() : Math.min(status.asOfMs(), traffic.asOfMs()),
    canPlay: play !== undefined,
  };
}

function toBar(
  { operations, traffic, status, runs, meanings }: ConsoleContext,
  seen: Status | undefined,
  savings: Savings,
): Bar {
  const { stage, region, queues } = operations.stage;
  const problem = status.problem();
  const failure = runs.failure();
  const unread = [
    ...(problem === undefined ? [] : [problem]),
    ...(seen ? listUnread(seen).map(({ what, why }) => `${what}: ${why}`) : []),
    ...(failure === undefined ? [] : [`runs: ${toSentence(failure)}`]),
  ];
  return {
    product: 'crisp-enrich',
    stage,
    region,
    isLocal: isLocal(operations),
    account: isLocal(operations) ? null : toQueueAddress(queues.sessions).account,
    confirm: toConfirmation(operations),
    deliveries: toDeliveries(seen, meanings),
    calls: toCalls(seen, savings, traffic.isLive),
    unread,
  };
}

function toDeliveries(seen: Status | undefined, meanings: ConsoleContext['meanings']): Deliveries {
  const nothing = { reason: null, sinceMs: null, nextLookMs: null };
  if (!seen) return { ...nothing, state: 'unknown' };
  const { deliveries, isOpen, pause, opening } = seen.breaker;
  if (pause) return { ...nothing, state: 'paused', reason: pause.reason, sinceMs: pause.sinceMs };
  if (isOpen) {
    // An opening that has ended says nothing of what holds the queue now.
    const current = opening?.closing ? undefined : opening;
    const reason = current && `${current.code}: ${meanings.get(current.code)?.meaning ?? toReason(current)}`;
    return {
      state: 'held',
      reason: reason ?? null,
      sinceMs: current?.openedMs ?? null,
      nextLookMs: current?.nextProbeMs ?? null,
    };
  }
  if (deliveries === 'on') return { ...nothing, state: 'flowing' };
  return { ...nothing, state: deliveries === 'changing' ? 'changing' : 'unknown' };
}

const LEASED_AHEAD = 100;

function toCalls(seen: Status | undefined, savings: Savings, isLive: boolean): Calls | null {
  const day = seen?.quota.day;
  if (!day) return null;
  const saved = Math.max(0, savings.callsOfALoop - savings.calls);
  // The ledger counts leases, of which each instance has one that it has not called up yet.
  const ahead = day.used - savings.calls;
  const used = isLive && ahead >= 0 && ahead < LEASED_AHEAD ? savings.calls : day.used;
  return { used, quota: day.quota === 0 ? null : day.quota, left: day.left, saved };
}

/** As the ledger counts them: whole fetches, and calls that a cache saved. */
function toDaysSavings(day: QuotaDay | undefined, { curves }: ConsoleContext): Savings {
  const { coalesced = 0, covered = 0, superseded = 0, cached = 0 } = day?.saved ?? {};
  const saved = {
    coalesced: coalesced * CALLS_OF_A_FETCH,
    covered: (covered + superseded) * CALLS_OF_A_FETCH,
    incremental: 0,
    cached,
  };
  const calls = day?.used ?? 0;
  const callsOfALoop = calls + saved.coalesced + saved.covered + saved.cached;
  return { calls, callsOfALoop, ...saved, day: curves.points() };
}

function toStations({ traffic }: ConsoleContext, seen: Status | undefined): Station[] {
  const flow = traffic.flow();
  const failing = traffic.lines().filter(({ outcome }) => outcome === 'failed' || outcome === 'dead').length;
  return [
    { name: 'hooks', ...flow.hooks, concern: toConcern('refused', traffic.refused()) },
    { name: 'queue', ...flow.queue, concern: toConcern('waiting', countMessages(seen, 'sessions')) },
    { name: 'fetch', ...flow.fetch, concern: toConcern('failing', failing) },
    { name: 'archive', ...flow.archive, concern: null },
    {
      name: 'records',
      ...flow.records,
      concern: toConcern('undelivered', countMessages(seen, 'records-undelivered')),
    },
  ];
}

function toConcern(label: string, count: number | undefined): Station['concern'] {
  return { label, count: count ?? null };
}
