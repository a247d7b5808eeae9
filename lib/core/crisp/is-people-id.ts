const PEOPLE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for the UUID of a profile. Crisp's routes take an e-mail address in its place: never used, it would be in URLs. */
export function isPeopleId(value: unknown): value is string {
  return typeof value === 'string' && PEOPLE_ID.test(value);
}
