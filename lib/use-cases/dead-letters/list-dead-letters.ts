import { type DeadLetterFilter, matchesFilter } from '../../core/dead-letter/dead-letter-filter.ts';
import { createDeadLetterGroups, type DeadLetterGroup } from '../../core/dead-letter/dead-letter-groups.ts';
import type { PeekDeadLetters, PeekedDeadLetter, PeekReport } from './peek-dead-letters.ts';

export interface ListDeadLettersOptions {
  readonly filter: DeadLetterFilter;
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
  /** Called with each that matches, as it is seen; nothing of them is kept here. */
  readonly onLetter?: (letter: PeekedDeadLetter) => Promise<void>;
}

export interface DeadLetterList extends PeekReport {
  readonly matched: number;
  /** Those that matched, by code. */
  readonly groups: readonly DeadLetterGroup[];
}

export type ListDeadLetters = ReturnType<typeof createListDeadLetters>;

/** Shows what waits in the dead-letter queue, and changes nothing. Its memory does not grow with what the letters say. */
export function createListDeadLetters({ peek }: { readonly peek: PeekDeadLetters }) {
  return async ({ filter, max, signal, onLetter }: ListDeadLettersOptions): Promise<DeadLetterList> => {
    const groups = createDeadLetterGroups();
    let matched = 0;
    const report = await peek({ max, signal }, async (letters) => {
      for (const letter of letters) {
        if (!matchesFilter(letter, filter)) continue;
        matched += 1;
        groups.add(letter);
        await onLetter?.(letter);
      }
      return undefined;
    });
    return { ...report, matched, groups: groups.list() };
  };
}
