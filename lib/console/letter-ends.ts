import { DEFAULT_MAX_REDRIVES } from '../dead-letters/redrive-limit.ts';
import type { RedriveOutcome } from '../dead-letters/redrive-selected.ts';
import { type Run, toNextMs } from '../ledger/runs.ts';
import type { RedriveEntry } from './model.ts';

/** What a run of the message that was sent says of the letter. */
export function toEnd(run: Run): Pick<RedriveEntry, 'state' | 'words' | 'dueMs'> {
  const { outcome, code, reason } = run;
  const nextMs = toNextMs(run) ?? null;
  const why = [code, reason].filter((part) => part !== undefined).join(': ') || null;
  switch (outcome) {
    case 'emitted':
      return { state: 'record', words: null, dueMs: null };
    case 'removed':
      return { state: 'record', words: 'Announced as removed.', dueMs: null };
    case 'unchanged':
      return { state: 'unchanged', words: null, dueMs: null };
    case 'skipped':
      return {
        state: 'unchanged',
        words: 'Crisp does not have it, and it was never announced.',
        dueMs: null,
      };
    case 'covered':
      return { state: 'covered', words: 'The record that was announced last answers it.', dueMs: null };
    case 'superseded':
      return {
        state: 'covered',
        words: 'A later message of the session is fetched in its place.',
        dueMs: null,
      };
    case 'failed':
    case 'dead':
      return { state: 'failed', words: why, dueMs: outcome === 'failed' ? nextMs : null };
    case 'deferred':
    case 'held':
      return { state: 'queued', words: why, dueMs: nextMs };
    default:
      return outcome satisfies never;
  }
}

/** Why a letter stays where it is. */
export const KEPT: Partial<Record<RedriveOutcome, string>> = {
  duplicated:
    'Queued, but not deleted from the dead-letter queue: the next redrive brings a harmless duplicate.',
  failed: 'The sessions queue did not take it. Try again.',
  exhausted: `Its session was redriven ${DEFAULT_MAX_REDRIVES} times within 24 hours: fix the cause first.`,
  unreadable: 'It names no session, so nothing can be fetched for it.',
  interrupted: 'The console was stopped before it came to this one.',
  postponed: 'Live events need the calls that are left today. Try again after the reset.',
  arrived: 'It died while the redrive ran. Try again.',
};

export const GONE: Partial<RedriveEntry> = {
  state: 'gone',
  words: 'It was not in the dead-letter queue any more.',
};
export const HIDDEN: Partial<RedriveEntry> = {
  state: 'kept',
  words: 'It could not be seen: somebody else looks at the queue. Try again in a few minutes.',
};
