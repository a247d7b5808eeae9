/** `incremental`: the newest pages are enough. `full`: old pages may have changed, fetch them all. */
export type FetchMode = 'incremental' | 'full';

declare const brand: unique symbol;

/** Names a conversation within a website, e.g. `session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881`. */
export type SessionId = string & { readonly [brand]: 'SessionId' };

/** A Crisp website (tenant): a lower-case UUID. */
export type WebsiteId = string & { readonly [brand]: 'WebsiteId' };

/** A session id is unique only within its website, so the two always travel together. */
export interface SessionRef {
  readonly websiteId: WebsiteId;
  readonly sessionId: SessionId;
}

/** A profile in the CRM of a Crisp website: a lower-case UUID. */
export type PeopleId = string & { readonly [brand]: 'PeopleId' };

/** A person: known to one website alone. */
export interface PersonRef {
  readonly websiteId: WebsiteId;
  readonly peopleId: PeopleId;
}

// Crisp publishes no normative pattern. This one admits every form seen and nothing that could leave its path segment.
const SESSION_ID = /^session_[0-9A-Za-z_-]{1,64}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Returns the id, or undefined where the value is none. */
export function parseSessionId(value: unknown): SessionId | undefined {
  return isSessionId(value) ? value : undefined;
}

/** Returns the id in lower case, or undefined where the value is none. */
export function parseWebsiteId(value: unknown): WebsiteId | undefined {
  if (typeof value !== 'string') return undefined;
  const lowered = value.toLowerCase();
  return isWebsiteId(lowered) ? lowered : undefined;
}

/** A session by both its ids, or undefined where either is none. */
export function parseSessionRef(website: unknown, session: unknown): SessionRef | undefined {
  const [websiteId, sessionId] = [parseWebsiteId(website), parseSessionId(session)];
  return websiteId && sessionId && { websiteId, sessionId };
}

/** As `parseSessionId`, for a person. Crisp's routes take an e-mail address in its place: never used, it would be in URLs. */
export function parsePeopleId(value: unknown): PeopleId | undefined {
  // The cast is what the test allows.
  return typeof value === 'string' && UUID.test(value) ? (value.toLowerCase() as PeopleId) : undefined;
}

export function isSessionId(value: unknown): value is SessionId {
  return typeof value === 'string' && SESSION_ID.test(value);
}

export function isWebsiteId(value: unknown): value is WebsiteId {
  return typeof value === 'string' && UUID.test(value) && value === value.toLowerCase();
}

const STAGE_NAME = /^(?=.{1,20}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** True for what can name a stage: up to 20 lower-case letters, digits and single hyphens, beginning with a letter. */
export function isStageName(text: string): boolean {
  return STAGE_NAME.test(text);
}

/** True for the name of a region of AWS, of any partition. */
export function isRegionName(text: string): boolean {
  return /^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(text);
}

/** `websiteId:sessionId`: the SQS message group, and the key of everything that is kept per session. */
export function toSessionKey({ websiteId, sessionId }: SessionRef): string {
  return `${websiteId}:${sessionId}`;
}

/** The version in package.json, repeated because that file is not part of a deployed function; a test keeps them equal. */
export const VERSION = '0.1.0';
