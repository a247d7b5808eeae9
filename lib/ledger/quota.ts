import type { Clock } from '../clock.ts';
import { JobError } from '../errors.ts';
import type { Telemetry } from '../telemetry/events.ts';
import {
  countSpareCalls,
  type QuotaDay,
  type QuotaNotes,
  type QuotaTerms,
  type Saving,
} from './quota-notes.ts';
import { createBestEffort } from './table.ts';

/** The day's calls of one instance: each request to Crisp takes one before it is sent. */
export interface CallQuota {
  /** Rejects with `quota_exhausted` where the day's calls are spent. With the ledger away calls go on uncounted. */
  take(): Promise<void>;
  /** A call that was taken is not made. */
  giveBack(): void;
  /** Those that were taken and not given back. */
  readonly taken: number;
  /** Counts what was not fetched; it is written with the next lease, never by itself. */
  noteSaved(how: Saving, count: number): void;
}

interface CallQuotaDependencies extends QuotaTerms {
  readonly notes: Pick<QuotaNotes, 'count' | 'read'>;
  /** How many instances may run beside this one, itself included. */
  readonly instances: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

// A fetch takes three calls: of a busy instance one request to the ledger in about seven messages. One that may end after
// its first fetch leases no more than that, and then twice as many each time.
const FIRST_LEASE = 3;
const LARGEST_LEASE = 20;
// So that the last calls of a day are not leased by one instance while another one is refused.
const LEASES_LEFT_FOR_EACH = 4;
const LOW_SHARE = 0.8;

/**
 * Takes the day's calls from the ledger in leases, which all fetches of the instance share. The ledger adds up atomically,
 * so the leases of all instances together never exceed the quota. What an instance has leased when it ends is lost to the
 * day: at most one lease, which grows with the calls of the instance and shrinks as the day's do.
 */
export function createCallQuota(dependencies: CallQuotaDependencies): CallQuota {
  const { notes, clock, telemetry, dailyQuota, liveShare, instances } = dependencies;
  const bestEffort = createBestEffort(telemetry);
  let [calls, leaseEndsMs, left] = [0, Number.POSITIVE_INFINITY, dailyQuota];
  let largest = FIRST_LEASE;
  let isSpent = false;
  let taken = 0;
  let uncounted = 0;
  let saved = new Map<Saving, number>();
  let leasing: Promise<void> | undefined;

  return {
    async take() {
      for (;;) {
        if (clock.nowMs() >= leaseEndsMs) calls = 0;
        if (calls > 0) break;
        leasing ??= lease().finally(() => {
          leasing = undefined;
        });
        await leasing;
      }
      calls -= 1;
      taken += 1;
    },
    giveBack() {
      calls += 1;
      taken -= 1;
    },
    get taken() {
      return taken;
    },
    noteSaved(how, count) {
      saved.set(how, (saved.get(how) ?? 0) + count);
    },
  };

  async function lease(): Promise<void> {
    // Only looks at first: what is asked for in vain would be counted as used.
    if (isSpent && (await isStillSpent())) throw new JobError('quota_exhausted');
    const asked = dailyQuota === 0 ? largest : Math.min(largest, toLeaseSize(left, instances));
    largest = Math.min(LARGEST_LEASE, 2 * largest);
    const [used, written] = [asked + uncounted, saved];
    saved = new Map();
    const day = await bestEffort('lease-calls', () =>
      notes.count({ used, saved: written }, clock.nowMs(), { dailyQuota, liveShare }),
    );
    if (day === undefined) {
      for (const [how, count] of written) saved.set(how, (saved.get(how) ?? 0) + count);
      [calls, uncounted, leaseEndsMs] = [asked, used, Number.POSITIVE_INFINITY];
      return;
    }
    const granted = dailyQuota === 0 ? asked : Math.min(asked, dailyQuota - (day.used - asked));
    [uncounted, leaseEndsMs, left] = [0, day.endsMs, Math.max(0, dailyQuota - day.used)];
    tellUsage(day, used);
    isSpent = granted <= 0;
    if (isSpent) throw new JobError('quota_exhausted');
    calls += granted;
  }

  async function isStillSpent(): Promise<boolean> {
    const day = await bestEffort('read-quota', () => notes.read(clock.nowMs()));
    return day !== undefined && day.used >= dailyQuota;
  }

  function tellUsage({ used }: QuotaDay, added: number): void {
    telemetry.emit({ name: 'quota-counted', used, quota: dailyQuota });
    const low = dailyQuota * LOW_SHARE;
    // Exactly one lease of a day crosses the line.
    if (dailyQuota > 0 && used >= low && used - added < low)
      telemetry.emit({ name: 'quota-low', used, quota: dailyQuota });
  }
}

function toLeaseSize(left: number, instances: number): number {
  return Math.max(1, Math.min(LARGEST_LEASE, Math.floor(left / (LEASES_LEFT_FOR_EACH * instances))));
}

/** Of a full fetch with one page: conversation, messages, profile. */
export const CALLS_OF_A_FETCH = 3;

interface SpareCalls {
  readonly quota: Pick<QuotaNotes, 'read' | 'plan'>;
  readonly clock: Clock;
}

/** Plans fetches with the day's spare calls; resolves with how many were granted. Without the ledger all are. */
export async function planFetches({ quota, clock }: SpareCalls, fetches: number): Promise<number> {
  const calls = fetches * CALLS_OF_A_FETCH;
  const granted = await quota.plan(calls, clock.nowMs()).catch(() => calls);
  return Math.floor(granted / CALLS_OF_A_FETCH);
}

/** Whether so many fetches could be planned now, all of them. */
export async function areSpare({ quota, clock }: SpareCalls, fetches: number): Promise<boolean> {
  const day = await quota.read(clock.nowMs()).catch(() => undefined);
  return day === undefined || countSpareCalls(day, clock.nowMs()) >= fetches * CALLS_OF_A_FETCH;
}
