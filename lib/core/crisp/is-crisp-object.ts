import { isJsonObject } from '../is-json-object.ts';
import type { CrispObject } from './crisp-object.ts';

/** True for a JSON object, of which Crisp may have sent any; its fields are still unread. */
export function isCrispObject(value: unknown): value is CrispObject {
  return isJsonObject(value);
}
