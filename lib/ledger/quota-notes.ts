import { createHash } from 'node:crypto';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Secrets } from '../config/secret-reader.ts';
import { JobError } from '../errors.ts';
import {
  createLedgerTable,
  type LedgerItem,
  type LedgerKey,
  type LedgerTableDeps,
  number,
  readNumber,
  toExpiry,
  toLedgerFailure,
} from './table.ts';

export interface QuotaTerms {
  /** Calls in a day; 0: they are counted, and not limited. */
  readonly dailyQuota: number;
  readonly liveShare: number;
}

/** Ways in which a fetch, or for `cached` a call, was saved. */
export type Saving = (typeof SAVINGS)[number];
const SAVINGS = ['coalesced', 'covered', 'superseded', 'cached'] as const;

/** The day of a token at Crisp, as far as it is known. */
export interface QuotaDay {
  /** Calls in a day; 0: no budget. */
  readonly quota: number;
  readonly liveShare: number;
  /** Leased by instances; what was asked for in vain is in it. */
  readonly used: number;
  /** By producers, in the last quarter of an hour at most: presumably not called yet. */
  readonly planned: number;
  readonly saved: Readonly<Record<Saving, number>>;
  /** When the next day begins, epoch ms. */
  readonly endsMs: number;
  /** Minutes after midnight UTC at which Crisp begins the day. */
  readonly resetMinute: number;
  /** False: midnight UTC is a guess. */
  readonly isLearned: boolean;
  /** Since when Crisp refuses each look of the probe, epoch ms; of the newest opening that was about refusals. */
  readonly refusedSinceMs: number | undefined;
}

/**
 * How many calls backfill, reconcile and redrive may still plan: what is left of the day, less what live events keep for the
 * rest of it, less what was planned just now. In the morning the spare share, in the evening nearly all that is left.
 */
export function countSpareCalls(
  { quota, liveShare, used, planned, endsMs }: QuotaDay,
  nowMs: number,
): number {
  if (quota === 0) return Number.POSITIVE_INFINITY;
  const kept = liveShare * quota * Math.min(1, (endsMs - nowMs) / DAY_MS);
  return Math.max(0, Math.floor(quota - kept - used - planned));
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
// Plans are added up in the current window and the one before: what is older was called by now, and is among the used.
const PLAN_WINDOW_MS = 7.5 * MINUTE_MS;
// A learned hour outlives a holiday.
const KEPT_SECONDS = 90 * 24 * 3600;
const MOST_TRIES = 5;

/** The counter of a token: one item, which is the current day's. Every method may reject. */
export interface QuotaNotes {
  /** Undefined where nothing was counted yet. A day that is over reads as the next one, unused. */
  read(nowMs: number): Promise<QuotaDay | undefined>;
  /** Adds to the day's counts; whoever adds first after its end begins the next one. */
  count(counted: Counted, nowMs: number, terms: QuotaTerms): Promise<QuotaDay>;
  /** Plans up to so many calls; resolves with how many were granted: all of them where there is no budget. */
  plan(calls: number, nowMs: number): Promise<number>;
  /** Crisp refused a look of the opening that began at `openedMs`. */
  noteRefused(openedMs: number, nowMs: number): Promise<void>;
  /** Crisp has begun a day at `resetMinute`. */
  noteReset(resetMinute: number, nowMs: number): Promise<void>;
}

interface Counted {
  readonly used: number;
  readonly saved: ReadonlyMap<Saving, number>;
}

interface QuotaNotesDeps extends LedgerTableDeps {
  /** Where the counter stands; undefined where there is none. */
  readonly findKey: () => Promise<LedgerKey | undefined>;
}

/** The counter in the ledger. Rejects with `ledger_failed` alone. */
export function createDynamoQuotaNotes(deps: QuotaNotesDeps): QuotaNotes {
  const ledger = createLedgerTable(deps);

  async function find(): Promise<LedgerItem | undefined> {
    const key = await deps.findKey();
    return key && ledger.get(key);
  }

  async function findKey(): Promise<LedgerKey> {
    const key = await deps.findKey();
    if (key === undefined) throw new JobError('ledger_failed', { detail: 'quota_unknown' });
    return key;
  }

  async function count({ used, saved }: Counted, nowMs: number, terms: QuotaTerms): Promise<QuotaDay> {
    const key = await findKey();
    const values = {
      ':now': number(nowMs),
      ':quota': number(terms.dailyQuota),
      ':share': number(terms.liveShare),
      ':expires': toExpiry(nowMs, KEPT_SECONDS),
      ':used': number(used),
      ...Object.fromEntries(SAVINGS.map((how) => [`:${how}`, number(saved.get(how) ?? 0)])),
    };
    const setTerms = 'SET quota = :quota, liveShare = :share, countedMs = :now, expiresAt = :expires';
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const added = SAVINGS.map((how) => `${how} :${how}`).join(', ');
      const expression = `${setTerms} ADD used :used, ${added}`;
      const item = await ledger.updateIf(key, 'endsMs > :now', { expression, values });
      if (item) return toQuotaDay(item, nowMs);
      const old = await ledger.get(key);
      // Another instance has begun the new day just now.
      if (toNumber(old?.endsMs) > nowMs) continue;
      const begun = await ledger.updateIf(key, 'attribute_not_exists(endsMs) OR endsMs = :old', {
        expression: `${setTerms}, endsMs = :ends, used = :used, ${SAVINGS.map((how) => `${how} = :${how}`).join(', ')}`,
        values: {
          ...values,
          ':old': number(toNumber(old?.endsMs)),
          ':ends': number(toNextReset(toNumber(old?.resetMinute), nowMs)),
        },
      });
      if (begun) return toQuotaDay(begun, nowMs);
    }
    throw new JobError('ledger_failed', { detail: 'quota_contended' });
  }

  return {
    count,
    async read(nowMs) {
      const item = await find();
      return item && toQuotaDay(item, nowMs);
    },
    async plan(calls, nowMs) {
      for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
        const key = await deps.findKey();
        const item = key && (await ledger.get(key));
        if (key === undefined || item === undefined) return calls;
        const day = toQuotaDay(item, nowMs);
        const granted = Math.min(calls, countSpareCalls(day, nowMs));
        if (granted === 0 || day.quota === 0) return granted;
        const { beganMs, planned, before } = toPlans(item, nowMs);
        const isAsKnown = 'attribute_not_exists(planned) OR (planned = :known AND plannedMs = :knownMs)';
        const isNoted = await ledger.updateIf(key, isAsKnown, {
          expression: 'SET planned = :planned, plannedMs = :began, plannedBefore = :before',
          values: {
            ':known': number(toNumber(item.planned)),
            ':knownMs': number(toNumber(item.plannedMs)),
            ':planned': number(planned + granted),
            ':began': number(beganMs),
            ':before': number(before),
          },
        });
        if (isNoted) return granted;
      }
      return 0;
    },
    async noteRefused(openedMs, nowMs) {
      const { refusedSinceMs } = (await find()) ?? {};
      if (toNumber(refusedSinceMs) >= openedMs) return;
      await ledger.update(await findKey(), 'SET refusedSinceMs = :now', {
        ':now': number(nowMs),
      });
    },
    async noteReset(resetMinute, nowMs) {
      const nothing = ['used', ...SAVINGS].map((name) => `${name} = :zero`).join(', ');
      await ledger.update(
        await findKey(),
        `SET resetMinute = :minute, endsMs = :ends, expiresAt = :expires, ${nothing}`,
        {
          ':minute': number(resetMinute),
          ':ends': number(toNextReset(resetMinute, nowMs)),
          ':expires': toExpiry(nowMs, KEPT_SECONDS),
          ':zero': number(0),
        },
      );
    },
  };
}

const PARTITION = 'quota';

/** Of a token's counter: by a hash of its identifier, so that neither this nor the key stands in the ledger. */
export async function toTokenKey(secrets: Pick<Secrets, 'crispToken'>): Promise<LedgerKey> {
  const token = await secrets.crispToken().catch((cause: unknown) => {
    throw new JobError('ledger_failed', { detail: 'token_unreadable', cause });
  });
  const hash = createHash('sha256').update(token?.identifier ?? '');
  return { pk: PARTITION, sk: `token:${hash.digest('hex').slice(0, 16)}` };
}

/** Of the counter that was written last, for those who have no token: a new token begins a counter of its own. */
export async function findNewestKey({ client, table }: LedgerTableDeps): Promise<LedgerKey | undefined> {
  const query = new QueryCommand({
    TableName: table,
    KeyConditionExpression: 'pk = :quota',
    ExpressionAttributeValues: { ':quota': { S: PARTITION } },
    ConsistentRead: true,
  });
  const { Items = [] } = await client.send(query).catch(toLedgerFailure('dynamodb:Query'));
  const [newest] = Items.toSorted((a, b) => toNumber(b.countedMs) - toNumber(a.countedMs));
  return newest?.sk?.S === undefined ? undefined : { pk: PARTITION, sk: newest.sk.S };
}

function toQuotaDay(item: LedgerItem, nowMs: number): QuotaDay {
  const resetMinute = toNumber(item.resetMinute);
  const isOver = toNumber(item.endsMs) <= nowMs;
  const ofDay = (value: LedgerItem[string] | undefined) => (isOver ? 0 : toNumber(value));
  const plans = toPlans(item, nowMs);
  return {
    quota: toNumber(item.quota),
    liveShare: toNumber(item.liveShare),
    used: ofDay(item.used),
    planned: plans.planned + plans.before,
    saved: {
      coalesced: ofDay(item.coalesced),
      covered: ofDay(item.covered),
      superseded: ofDay(item.superseded),
      cached: ofDay(item.cached),
    },
    endsMs: isOver ? toNextReset(resetMinute, nowMs) : toNumber(item.endsMs),
    resetMinute,
    isLearned: item.resetMinute !== undefined,
    refusedSinceMs: item.refusedSinceMs && toNumber(item.refusedSinceMs),
  };
}

/** What was planned in the current window, when that began, and in the window before. */
function toPlans(item: LedgerItem, nowMs: number) {
  const [beganMs, planned] = [toNumber(item.plannedMs), toNumber(item.planned)];
  const windows = Math.floor((nowMs - beganMs) / PLAN_WINDOW_MS);
  if (windows < 1) return { beganMs, planned, before: toNumber(item.plannedBefore) };
  return { beganMs: beganMs + windows * PLAN_WINDOW_MS, planned: 0, before: windows === 1 ? planned : 0 };
}

/** The first moment after `nowMs` at so many minutes after midnight UTC. */
export function toNextReset(resetMinute: number, nowMs: number): number {
  const offsetMs = resetMinute * MINUTE_MS;
  return Math.floor((nowMs - offsetMs) / DAY_MS) * DAY_MS + DAY_MS + offsetMs;
}

function toNumber(attribute: LedgerItem[string] | undefined): number {
  return attribute === undefined ? 0 : readNumber(attribute);
}
