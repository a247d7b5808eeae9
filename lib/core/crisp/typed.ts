import type { CrispObject } from './crisp-object.ts';
import { isCrispObject } from './is-crisp-object.ts';
import { isPeopleId } from './is-people-id.ts';

/** A value of Crisp's that has another type than the record's schema promises, and where it stood. */
export interface OddField {
  /** Names and places in a list, joined by dots: `meta.segments.1`. */
  readonly path: string;
  readonly value: unknown;
}

/** What was read, in its typed form, and what was odd about it. */
export interface Typed<Value> {
  readonly value: Value;
  readonly oddFields: readonly OddField[];
}

/**
 * The profile of the person who was asked for. Another person's is left out, and only its id is kept: it must not be
 * mixed in anywhere. Null where there is none.
 */
export function toTypedProfile(profile: unknown, peopleId: string): Typed<CrispObject | null> {
  if (!isCrispObject(profile)) return { value: null, oddFields: toOdd('profile', profile) };

  const { people_id: id } = profile;
  const isTheirs = isPeopleId(id) && id.toLowerCase() === peopleId.toLowerCase();
  if (id === undefined || id === null || isTheirs) return { value: profile, oddFields: [] };
  return { value: null, oddFields: [{ path: 'profile.people_id', value: id }] };
}

/** What was read for a field of the record that holds one object. */
export function toTypedObject(path: string, data: unknown): Typed<CrispObject> {
  if (isCrispObject(data)) return { value: data, oddFields: [] };
  return { value: {}, oddFields: toOdd(path, data) };
}

/** What was read for one page of a list; undefined where it is no list. */
export function toTypedList(path: string, data: unknown): Typed<readonly unknown[] | undefined> {
  if (Array.isArray(data)) return { value: data, oddFields: [] };
  return { value: undefined, oddFields: toOdd(path, data) };
}

// Nothing at all is not odd: it is empty.
function toOdd(path: string, value: unknown): OddField[] {
  return value === undefined || value === null ? [] : [{ path, value }];
}
