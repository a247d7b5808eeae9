import * as z from 'zod/mini';
import type { CrispObject } from '../crisp/crisp-object.ts';
import { isCrispObject } from '../crisp/is-crisp-object.ts';
import type { OddField, Typed } from '../crisp/typed.ts';
import { conversationShape } from './schema.ts';

const conversationSchema = z.looseObject(conversationShape);

/**
 * What stands in the place of an odd value where its reader would look into it: an empty list or object. Anywhere else it
 * is null, and an odd entry of a typed list is left out of it. A field is typed by standing in the schema, nowhere else.
 */
const EMPTY: Readonly<Record<string, unknown>> = {
  participants: [],
  meta: {},
  'meta.segments': [],
  'meta.data': {},
};

/**
 * A foreign field never stops a conversation: one of another type than the schema promises is null or empty in its place,
 * and its value is set aside. Fields that the schema does not name may hold anything.
 */
export function toTypedConversation(conversation: CrispObject): Typed<CrispObject> {
  const issues = conversationSchema.safeParse(conversation).error?.issues ?? [];
  const paths = new Set(issues.map(({ path }) => path.join('.')));
  if (paths.size === 0) return { value: conversation, oddFields: [] };

  const oddFields: OddField[] = [];
  const value = setAside(conversation, '', (path, odd) => {
    if (!paths.has(path)) return false;
    oddFields.push({ path, value: odd });
    return true;
  });
  // An object stays one: only what stands below it is odd.
  return { value: value as CrispObject, oddFields };
}

type IsOdd = (path: string, value: unknown) => boolean;

// Through entries, not by assignment: a key named `__proto__` stays a key.
function setAside(value: unknown, parent: string, isOdd: IsOdd): unknown {
  const at = (name: string | number) => (parent === '' ? `${name}` : `${parent}.${name}`);
  if (Array.isArray(value)) return value.filter((item, place) => !isOdd(at(place), item));
  if (!isCrispObject(value) || !PARENTS.has(parent)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const path = at(name);
      return [name, isOdd(path, member) ? (EMPTY[path] ?? null) : setAside(member, path, isOdd)];
    }),
  );
}

// Where typed fields stand: nothing else is looked into.
const PARENTS = new Set(['', 'meta', 'assigned']);
