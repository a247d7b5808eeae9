import type { Look } from '../ledger/message-notes.ts';

/** Why messages wait that nobody hides, as far as can be known. */
export type WaitingReason =
  /** SQS hands out ten messages of a session at a time, and these are behind ten. */
  | 'behind_ten'
  /** SQS hands out no message of a session of which another reader hides one. */
  | 'behind_hidden'
  /** One or the other. */
  | 'behind_ten_or_hidden'
  /** The look ended before it came to them. */
  | 'not_looked_at'
  /** Counted by SQS, and not handed out: its counts may be a minute old. */
  | 'unknown';

/** The messages of a dead-letter queue that a look did not see. */
export interface Unseen {
  readonly count: number;
  /** Of those: hidden by another reader, a look that was killed among them. */
  readonly hidden: number;
  /** When they are visible again at the latest; undefined where none is hidden. */
  readonly hiddenUntilMs: number | undefined;
  /** When the look began that hides them; undefined where the ledger knows of none. */
  readonly hiddenSinceMs: number | undefined;
  /** The others. */
  readonly waiting: number;
  /** Undefined where none waits. */
  readonly waitingReason: WaitingReason | undefined;
  /** Groups of which ten messages were seen, behind which more may wait. */
  readonly fullGroups: readonly string[];
}

interface Counts {
  readonly visible: number;
  readonly inFlight: number;
}

interface ExplainUnseenOptions {
  /** False where the look ended before it had come to the end. */
  readonly isWhole: boolean;
  readonly atStart: Counts;
  /** Messages that were seen, without those that died since the start. */
  readonly seenOfStart: number;
  /** Before anything is shown again. */
  readonly atEnd: Counts;
  /** What the look itself hides then. */
  readonly held: number;
  readonly fullGroups: readonly string[];
  /** The looks of others that have not ended. */
  readonly readOpenLooks: () => Promise<readonly Look[]>;
  readonly nowMs: number;
}

/**
 * Says what a look did not see. Visible and in flight count together, because SQS may be a minute late in telling one from
 * the other: what was seen is missing from neither.
 */
export async function explainUnseen(options: ExplainUnseenOptions): Promise<Unseen> {
  const { isWhole, atStart, seenOfStart, atEnd, held, fullGroups, readOpenLooks, nowMs } = options;
  const count = Math.max(0, Math.min(total(atStart) - seenOfStart, total(atEnd) - held));
  const foreign = Math.max(0, atEnd.inFlight - held);
  // Of a look that ended early there is nothing else that would show whether the count in flight is an old one.
  const hidden = Math.min(count, foreign, isWhole ? count : atStart.inFlight);
  const waiting = count - hidden;
  const looks = hidden > 0 ? await readOpenLooks() : [];
  const last = looks.reduce<Look | undefined>((a, b) => (a && a.untilMs >= b.untilMs ? a : b), undefined);
  return {
    count,
    hidden,
    // Longer than that SQS hides nothing.
    hiddenUntilMs: hidden > 0 ? (last?.untilMs ?? nowMs + MAX_PEEK_SECONDS * 1000) : undefined,
    hiddenSinceMs: last?.startedMs,
    waiting,
    waitingReason: waiting > 0 ? toReason(isWhole, hidden > 0, fullGroups.length > 0) : undefined,
    fullGroups: waiting > 0 && isWhole ? fullGroups : [],
  };
}

/** True for a look that saw whatever there was, or as much as was asked for. */
export function isWholeLook({ ended, unseen }: { readonly ended: string; readonly unseen: Unseen }): boolean {
  if (ended === 'max' || ended === 'enough') return unseen.hidden === 0;
  return ended === 'end' && unseen.count === 0;
}

function toReason(isWhole: boolean, isSomeHidden: boolean, isSomeFull: boolean): WaitingReason {
  if (!isWhole) return 'not_looked_at';
  if (isSomeHidden) return isSomeFull ? 'behind_ten_or_hidden' : 'behind_hidden';
  return isSomeFull ? 'behind_ten' : 'unknown';
}

function total({ visible, inFlight }: Counts): number {
  return visible + inFlight;
}

/** SQS hides a message for at most twelve hours. */
export const MAX_PEEK_SECONDS = 12 * 3600;

const LEAST_SECONDS = 60;
// A page of ten takes two calls to SQS and one to the ledger: half a second on a slow line.
const SECONDS_PER_MESSAGE = 0.05;

interface PeekSize {
  readonly messages: number;
  /** Messages that are acted upon in a second, where that is what takes the time. */
  readonly ratePerSecond?: number | undefined;
}

/**
 * For how long the messages of a look are hidden while it lasts, so that none is seen twice. They are shown again at its
 * end: the time runs out only where the process was killed.
 */
export function toPeekSeconds({ messages, ratePerSecond = Number.POSITIVE_INFINITY }: PeekSize): number {
  const seconds = LEAST_SECONDS + messages * (SECONDS_PER_MESSAGE + 1 / ratePerSecond);
  return Math.min(MAX_PEEK_SECONDS, Math.ceil(seconds));
}
