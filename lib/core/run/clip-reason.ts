import { toVisible } from '../text/to-visible.ts';

/** Bytes of a reason as it is kept: more helps nobody, and an item of the ledger pays for each. */
export const MAX_REASON_BYTES = 2048;

const ELLIPSIS = '…';

/** The reason in at most 2 KB of UTF-8, with nothing invisible in it; no character is cut in two. */
export function clipReason(reason: string): string {
  // A character has at least one byte, so the rest of a very long text need not be looked at.
  const bytes = Buffer.from(toVisible(reason.slice(0, 2 * MAX_REASON_BYTES)));
  if (bytes.length <= MAX_REASON_BYTES) return bytes.toString();
  let end = MAX_REASON_BYTES - Buffer.byteLength(ELLIPSIS);
  // A byte 10xxxxxx goes on a character that began before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ELLIPSIS;
}
