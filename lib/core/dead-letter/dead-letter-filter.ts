import type { SessionId, WebsiteId } from '../ids.ts';
import type { RunStage } from '../run/run.ts';
import { type DeadLetter, toReasonText } from './dead-letter.ts';

/** A code, or with `isPrefix` its beginning. No pattern language: nobody's expression is ever run. */
export interface CodeFilter {
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
