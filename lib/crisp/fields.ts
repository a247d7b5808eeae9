import { JobError } from '../errors.ts';
import { parsePeopleId, parseSessionId, parseWebsiteId } from '../ids.ts';
import { isJsonObject, type JsonObject } from '../text.ts';

/**
 * Refuses an answer about somebody else: every id of `expected` that `answer` carries has to be the one asked for.
 * UUIDs may differ in case. Throws `session_mismatch`, because a wrong answer must never become a record.
 */
export function expectIds(answer: JsonObject, expected: { readonly [field: string]: string }): void {
  for (const [field, id] of Object.entries(expected)) {
    const found = answer[field];
    if (found === undefined || found === null) continue;
    if (!isSameId(found, id)) throw new JobError('session_mismatch', { hint: `${field} of another` });
  }
}

/**
 * Refuses a message of somebody else. Its ids are not needed, so one that is no id at all says nothing, and stays in the
 * message as it came. Throws `session_mismatch`.
 */
export function refuseOtherIds(
  message: JsonObject,
  { website_id, session_id }: { readonly website_id: string; readonly session_id: string },
): void {
  // Most are equal to the letter: a page has many messages.
  if (message.website_id !== website_id && parseWebsiteId(message.website_id))
    expectIds(message, { website_id });
  if (message.session_id !== session_id && parseSessionId(message.session_id))
    expectIds(message, { session_id });
}

function isSameId(found: unknown, id: string): boolean {
  if (typeof found !== 'string') return false;
  // A session id has no documented case rule: it is compared as it is.
  return id.startsWith('session_') ? found === id : found.toLowerCase() === id.toLowerCase();
}

/** The data of a route that answers with a list, its items unchanged; throws `bad_response:shape` for anything else. */
export function expectList(data: unknown): readonly unknown[] {
  if (!Array.isArray(data)) throw new JobError('bad_response', { detail: 'shape' });
  return data;
}

/** The data of a route that answers with one object, unchanged; throws `bad_response:shape` for anything else. */
export function expectObject(data: unknown): JsonObject {
  if (!isJsonObject(data)) throw new JobError('bad_response', { detail: 'shape' });
  return data;
}

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
export function toTypedProfile(profile: unknown, peopleId: string): Typed<JsonObject | null> {
  if (!isJsonObject(profile)) return { value: null, oddFields: toOdd('profile', profile) };

  const { people_id: id } = profile;
  const isTheirs = isPeopleId(id) && id.toLowerCase() === peopleId.toLowerCase();
  if (id === undefined || id === null || isTheirs) return { value: profile, oddFields: [] };
  return { value: null, oddFields: [{ path: 'profile.people_id', value: id }] };
}

/** What was read for a field of the record that holds one object. */
export function toTypedObject(path: string, data: unknown): Typed<JsonObject> {
  if (isJsonObject(data)) return { value: data, oddFields: [] };
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

/** True for the UUID of a profile, in Crisp's own spelling. */
export function isPeopleId(value: unknown): value is string {
  return parsePeopleId(value) !== undefined;
}
