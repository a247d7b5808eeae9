import type { Finding, FindingState } from '../../core/doctor/finding.ts';
import { toPrintable } from '../../core/text/to-printable.ts';

const WORDS: Readonly<Record<FindingState, string>> = {
  ok: 'ok',
  warn: 'warning',
  fail: 'FAILED',
  skipped: 'skipped',
};

/** A finding for a person, with its remedy on a line of its own. */
export function formatFinding({ check, state, message, remedy }: Finding): string {
  const line = `${WORDS[state].padEnd(7)}  ${check}: ${toPrintable(message, 500)}\n`;
  return remedy === undefined ? line : `${line}         → ${toPrintable(remedy, 500)}\n`;
}
