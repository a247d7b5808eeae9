import { toQueueAddress } from '../aws/failures.ts';
import { OperationError, type RunStage } from '../errors.ts';
import type { SessionId, WebsiteId } from '../ids.ts';
import type { DeadLetterContext } from './context.ts';
import { type DeadLetter, toReasonText } from './dead-letter.ts';

/** A code, or with `isPrefix` its beginning. No pattern language: nobody's expression is ever run. */
interface CodeFilter {
  readonly text: string;
  readonly isPrefix: boolean;
}

/** Which dead letters are meant; what is left out admits all. */
export interface DeadLetterFilter {
  readonly messageIds?: readonly string[] | undefined;
  readonly code?: CodeFilter | undefined;
  readonly stage?: RunStage | undefined;
  readonly websiteId?: WebsiteId | undefined;
  readonly sessionId?: SessionId | undefined;
  /** Dead since this moment or later, epoch ms. */
  readonly sinceMs?: number | undefined;
  /** Dead before this moment, epoch ms. */
  readonly beforeMs?: number | undefined;
}

export function matchesFilter(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  const { messageIds, code, stage, websiteId, sessionId, sinceMs, beforeMs } = filter;
  if (messageIds && !messageIds.includes(letter.messageId)) return false;
  if (code && !matchesCode(letter, code)) return false;
  if (stage && letter.reason.stage !== stage) return false;
  if (websiteId && letter.session?.websiteId !== websiteId) return false;
  if (sessionId && letter.sessionId !== sessionId) return false;
  // A letter whose age nobody knows is in no range.
  if (sinceMs !== undefined && !((letter.deadSinceMs ?? Number.NaN) >= sinceMs)) return false;
  if (beforeMs !== undefined && !((letter.deadSinceMs ?? Number.NaN) < beforeMs)) return false;
  return true;
}

/** True for a filter that admits everything. */
export function isUnfiltered(filter: DeadLetterFilter): boolean {
  return Object.values(filter).every((part) => part === undefined);
}

const CODE = /^([a-z][a-z0-9_]*(?::[A-Za-z0-9_.-]*)?)(\*?)$/;

/** Reads `bad_response`, `bad_response:not_json` or `crisp_*`; undefined for anything else. */
export function parseCodeFilter(text: string): CodeFilter | undefined {
  const [, code, star] = CODE.exec(text) ?? [];
  return code === undefined ? undefined : { text: code, isPrefix: star === '*' };
}

function matchesCode({ reason }: DeadLetter, { text, isPrefix }: CodeFilter): boolean {
  const full = toReasonText(reason);
  return isPrefix ? full.startsWith(text) : text === full || text === reason.code;
}

/** The dead letters of one code. */
export interface DeadLetterGroup {
  readonly code: string;
  readonly count: number;
  /** Of the one that has been dead for longest, epoch ms. */
  readonly oldestMs: number | undefined;
  /** When the first of them expires, epoch ms. */
  readonly expiresMs: number | undefined;
}

/** Counts dead letters by code, one at a time; holds as much as there are codes, however many letters there are. */
export function createDeadLetterGroups() {
  const groups = new Map<string, DeadLetterGroup>();

  return {
    add({
      reason: { code },
      deadSinceMs,
      expiresMs,
    }: Pick<DeadLetter, 'reason' | 'deadSinceMs' | 'expiresMs'>): void {
      const group = groups.get(code);
      groups.set(code, {
        code,
        count: (group?.count ?? 0) + 1,
        oldestMs: earlier(group?.oldestMs, deadSinceMs),
        expiresMs: earlier(group?.expiresMs, expiresMs),
      });
    },
    /** The largest first. */
    list(): readonly DeadLetterGroup[] {
      return [...groups.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
    },
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** Why messages cannot be moved from one queue to the other; undefined where they can. */
export function findRedriveProblem({
  sourceUrl,
  destinationUrl,
}: DeadLetterContext['queues']): OperationError | undefined {
  const [source, destination] = [toQueueAddress(sourceUrl), toQueueAddress(destinationUrl)];
  if (sourceUrl === destinationUrl) {
    return new OperationError(
      'queues_equal',
      `source and destination are the same queue, ${source.name}: the stack's outputs name it twice`,
    );
  }
  if (source.isFifo !== destination.isFifo) {
    return new OperationError(
      'queue_types_differ',
      `queue types differ: ${source.name} and ${destination.name} must both be FIFO queues, or neither`,
    );
  }
  return undefined;
}
