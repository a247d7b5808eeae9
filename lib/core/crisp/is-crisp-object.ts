import type { CrispObject } from './crisp-object.ts';

/** True for a JSON object; false for null, lists and scalars. */
export function isCrispObject(value: unknown): value is CrispObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
