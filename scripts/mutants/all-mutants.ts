import type { Mutant } from './mutant.ts';
import { ANNOUNCE_MUTANTS } from './planted/announce.ts';
import { BATCH_MUTANTS } from './planted/batch.ts';
import { FETCH_MUTANTS } from './planted/fetch.ts';
import { INTAKE_MUTANTS } from './planted/intake.ts';
import { REDRIVE_MUTANTS } from './planted/redrive.ts';
import { RETRY_MUTANTS } from './planted/retry.ts';

/** Every bug that this kind of system is known for, by number. */
export const MUTANTS: readonly Mutant[] = [
  ...INTAKE_MUTANTS,
  ...BATCH_MUTANTS,
  ...FETCH_MUTANTS,
  ...RETRY_MUTANTS,
  ...ANNOUNCE_MUTANTS,
  ...REDRIVE_MUTANTS,
].toSorted((a, b) => toNumber(a.id) - toNumber(b.id) || a.id.localeCompare(b.id));

/** `M6` of `M6a` and `M6b`: one bug, read in two ways. */
export function toBug(id: string): string {
  return `M${toNumber(id)}`;
}

function toNumber(id: string): number {
  return Number.parseInt(id.slice(1), 10);
}
