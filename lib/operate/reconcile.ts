import type { CoalesceWindow } from '../config/config.ts';
import type { CrispClient } from '../crisp/client.ts';
import { type ListedConversation, walkConversations } from '../crisp/conversation-list.ts';
import type { SessionRef, WebsiteId } from '../ids.ts';
import type { RunHistory } from '../ledger/runs.ts';
import type { SweepNote, SweepNotes } from '../ledger/sweep-notes.ts';
import type { BestEffort } from '../ledger/table.ts';
import { createPace, inLanes } from '../queue/pace.ts';
import { type RecordArchive, readLatest } from '../record/archive.ts';
import { type EnqueueContext, enqueueStep, type StepEnd } from './enqueue-step.ts';

/** What compares Crisp's list with what was announced, and enqueues what is missing. */
export interface ReconcileContext extends EnqueueContext {
  readonly crisp: Pick<CrispClient, 'listConversations'>;
  readonly archive: Pick<RecordArchive, 'getLatest'>;
  readonly runHistory: Pick<RunHistory, 'ofSession'>;
  readonly sweepNotes: SweepNotes;
  readonly bestEffort: BestEffort;
  readonly coalesce: CoalesceWindow;
}

type ReconcileEnd = StepEnd | 'complete';

export interface ReconcileCounts {
  /** What Crisp lists; each is one of the next four. */
  readonly inCrisp: number;
  readonly current: number;
  /** Updated since its newest announced record, or never announced. */
  readonly missing: number;
  /** The same, but its fetch failed for good since: it waits in the dead-letter queue for a person. */
  readonly deadLettered: number;
  /** Crisp or the archive does not say when it was updated. */
  readonly unknown: number;
  readonly enqueued: number;
}

export interface ReconcileReport extends ReconcileCounts {
  readonly websiteId: WebsiteId;
  readonly fromMs: number;
  readonly toMs: number;
  /** All that was updated later than this, up to the window's end, is done. */
  readonly reachedMs: number;
  readonly ended: ReconcileEnd;
}

export interface ReconcileOptions {
  readonly websiteId: WebsiteId;
  readonly fromMs: number;
  /** Undefined: now, less the time that a hook's own fetch may take. */
  readonly toMs?: number | undefined;
  /** Only counts. */
  readonly isDryRun?: boolean;
  /** Aborted: what has begun is ended. */
  readonly signal: AbortSignal;
  /** After each page, and each step of enqueued sessions. */
  readonly onProgress?: ((report: ReconcileReport) => Promise<void> | void) | undefined;
}

const LANES = 10;

/**
 * Enqueues, as full fetches, the conversations of a window that Crisp lists with another `updated_at` than was announced
 * last. What waits beside live events stays small: the pace is below that of the consumer, and nothing is added while more
 * than a few messages are due, so that a hook waits for no more than those. Every call, its own and those it causes,
 * is planned with the day's spare calls. Throws `JobError` where Crisp, the archive or the queue fails.
 */
export async function reconcileWindow(
  context: ReconcileContext,
  { websiteId, fromMs, toMs = toSettledMs(context), isDryRun = false, signal, onProgress }: ReconcileOptions,
): Promise<ReconcileReport> {
  const { clock } = context;
  const pace = createPace(context.fetchesPerSecond, clock);
  let report: ReconcileReport = {
    ...{ websiteId, fromMs, toMs, reachedMs: toMs, ended: 'complete' },
    ...{ inCrisp: 0, current: 0, missing: 0, deadLettered: 0, unknown: 0, enqueued: 0 },
  };
  if (fromMs >= toMs) return { ...report, reachedMs: fromMs };
  const end = (ended: ReconcileEnd) => {
    if (report.ended === 'complete') report = { ...report, ended };
    return false;
  };
  const mayAsk = async () => {
    if (signal.aborted) return end('interrupted');
    return report.ended === 'complete' && ((await planPage(context)) || end('budget'));
  };

  const walk = walkConversations({ crisp: context.crisp, window: { websiteId, fromMs, toMs }, mayAsk });
  for (let page = await walk.next(); ; page = await walk.next()) {
    if (page.done) return { ...report, ...(page.value ? { reachedMs: fromMs } : toUnfinished(report)) };
    const wanted = await judgePage(page.value.conversations);
    if (!isDryRun) await enqueuePaced(wanted);
    if (report.ended === 'complete') report = { ...report, reachedMs: page.value.reachedMs };
    await onProgress?.(report);
  }

  async function judgePage(conversations: readonly ListedConversation[]): Promise<ListedConversation[]> {
    const wanted: ListedConversation[] = [];
    await inLanes(conversations, LANES, async (listed) => {
      const state = await judge(context, listed);
      report = { ...report, inCrisp: report.inCrisp + 1, [state]: report[state] + 1 };
      if (state === 'missing' || state === 'unknown') wanted.push(listed);
    });
    return wanted;
  }

  async function enqueuePaced(sessions: readonly SessionRef[]): Promise<void> {
    for (let start = 0; start < sessions.length && report.ended === 'complete'; start += pace.step) {
      const step = sessions.slice(start, start + pace.step);
      const { queued, ended } = await enqueueStep(context, step, { pace, signal });
      report = { ...report, enqueued: report.enqueued + queued };
      if (ended) end(ended);
      if (ended !== 'interrupted') await onProgress?.(report);
    }
  }
}

// The walk ended by itself: its list changed faster than it could be read.
function toUnfinished({ ended }: ReconcileReport): Pick<ReconcileReport, 'ended'> {
  return { ended: ended === 'complete' ? 'failed' : ended };
}

/**
 * Until when a hook has had its turn: its bucket, the margin, and as much again for the fetch. What was updated later is
 * most likely on its way, and would be fetched twice.
 */
function toSettledMs({ coalesce, clock }: Pick<ReconcileContext, 'coalesce' | 'clock'>): number {
  return clock.nowMs() - 2 * (coalesce.coalesceSeconds + coalesce.marginSeconds) * 1000;
}

/** Plans one more page of the list with the day's spare calls. Without the ledger it may be asked for. */
async function planPage({ quota, bestEffort, clock }: ReconcileContext): Promise<boolean> {
  return (await bestEffort('plan-calls', () => quota.plan(1, clock.nowMs()))) !== 0;
}

type Judgement = 'current' | 'missing' | 'deadLettered' | 'unknown';

async function judge(context: ReconcileContext, listed: ListedConversation): Promise<Judgement> {
  const { updatedMs } = listed;
  const latest = await readLatest(context.archive, listed);
  if (latest === 'unreadable') return 'unknown';
  if (latest?.announced) {
    const isEnriched = latest.kind === 'conversation.enriched';
    if (isEnriched && (updatedMs === undefined || latest.updated_at === null)) return 'unknown';
    // A list that is older than the record comes from Crisp's cache.
    if (latest.updated_at !== null && updatedMs !== undefined && latest.updated_at >= updatedMs)
      return 'current';
  }
  return (await isDeadLettered(context, listed)) ? 'deadLettered' : 'missing';
}

/** Whether its newest run came after the update and failed for good: another fetch would only die again. */
async function isDeadLettered(
  { runHistory, bestEffort }: ReconcileContext,
  { updatedMs = Number.POSITIVE_INFINITY, ...session }: ListedConversation,
): Promise<boolean> {
  const runs = await bestEffort('read-runs', () => runHistory.ofSession(session, { limit: 1 }));
  const [newest] = runs ?? [];
  return newest?.outcome === 'dead' && newest.startedMs >= updatedMs;
}

/** Of the first sweep, and of one that cannot read the ledger. */
const DEFAULT_SWEEP_MS = 24 * 3_600_000;

/**
 * The regular sweep of a website: what was updated since the one before, and some time more. Its checkpoint moves only once
 * the whole window is done.
 */
export async function sweepWebsite(
  context: ReconcileContext,
  websiteId: WebsiteId,
  options: Omit<ReconcileOptions, 'websiteId' | 'fromMs' | 'toMs'>,
): Promise<ReconcileReport> {
  const { sweepNotes, bestEffort } = context;
  const name = `reconcile:${websiteId}`;
  const toMs = toSettledMs(context);
  const read = await bestEffort('read-sweep', async () => ({ note: await sweepNotes.read(name) }));
  const fromMs = read?.note === undefined ? toMs - DEFAULT_SWEEP_MS : read.note.toMs - toOverlapMs(context);
  const report = await reconcileWindow(context, { ...options, websiteId, fromMs, toMs });
  // A checkpoint that could not be read may be older than this window: it stays.
  if (read && report.ended === 'complete' && !options.isDryRun)
    await bestEffort('note-sweep', () => sweepNotes.note(name, toNote(report)));
  return report;
}

// A list may lag behind by Crisp's cache, and clocks differ: as much again as a hook's own fetch takes, 5 min at least.
function toOverlapMs({ coalesce }: ReconcileContext): number {
  return Math.max(300_000, 2 * (coalesce.coalesceSeconds + coalesce.marginSeconds) * 1000);
}

function toNote({ fromMs, toMs, reachedMs }: ReconcileReport): SweepNote {
  return { fromMs, toMs, reachedMs };
}

type BackfillOptions = Omit<ReconcileOptions, 'isDryRun'>;

/**
 * A window of the past through the same path. Its checkpoint is kept after every page, for `findBackfill`; what is updated
 * meanwhile belongs to its hook, or to the next sweep.
 */
export async function backfillWebsite(
  context: ReconcileContext,
  options: BackfillOptions,
): Promise<ReconcileReport> {
  const { sweepNotes, bestEffort } = context;
  let notedMs: number | undefined;
  const note = async (report: ReconcileReport) => {
    if (report.reachedMs === notedMs) return;
    notedMs = report.reachedMs;
    await bestEffort('note-sweep', () => sweepNotes.note(toBackfillName(options), toNote(report)));
  };
  const report = await reconcileWindow(context, {
    ...options,
    async onProgress(soFar) {
      await note(soFar);
      await options.onProgress?.(soFar);
    },
  });
  await note(report);
  return report;
}

function toBackfillName({ websiteId }: Pick<ReconcileOptions, 'websiteId'>): string {
  return `backfill:${websiteId}`;
}

/** What is left of the newest backfill of a website; undefined where it was done, or there was none. */
export async function findBackfill(
  { sweepNotes }: ReconcileContext,
  websiteId: WebsiteId,
): Promise<{ readonly fromMs: number; readonly toMs: number } | undefined> {
  const note = await sweepNotes.read(toBackfillName({ websiteId }));
  return note === undefined || note.reachedMs <= note.fromMs
    ? undefined
    : { fromMs: note.fromMs, toMs: note.reachedMs };
}
