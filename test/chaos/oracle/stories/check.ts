import { toEvidence } from '../evidence/evidence.ts';
import { INVARIANTS, judge } from '../judge.ts';
import type { Terms } from '../terms.ts';
import type { InvariantId } from '../violation.ts';
import { TERMS } from './a-story.ts';
import { type Steps, toHistory } from './steps.ts';

/** What one invariant says of a history. */
export function check(invariant: InvariantId, steps: Steps, terms: Partial<Terms> = {}): string[] {
  const evidence = toEvidence(toHistory(steps), { ...TERMS, ...terms });
  return INVARIANTS[invariant](evidence).map(({ text }) => text);
}

/** Which invariants say something of a history, each once. */
export function findBroken(steps: Steps, terms: Partial<Terms> = {}): InvariantId[] {
  const { violations } = judge(toHistory(steps), { ...TERMS, ...terms });
  return [...new Set(violations.map(({ invariant }) => invariant))];
}
