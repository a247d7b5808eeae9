import { isUtf8 } from 'node:buffer';
import {
  type PeopleId,
  parsePeopleId,
  parseSessionId,
  parseWebsiteId,
  type SessionId,
  type WebsiteId,
} from '../ids.ts';
import { isJsonObject, type JsonObject, toMediaType, toShape } from '../text.ts';
import { HookRefusedError } from './refusal.ts';

/** Crisp's events nest about six levels deep and have tens of values, a large custom data object hundreds. */
const MAX_DEPTH = 64;
const MAX_VALUES = 10_000;

const BYTE_ORDER_MARK = '\ufeff';

/** The JSON of a verified body. Throws `HookRefusedError`; its detail never quotes the body. */
export function parseHookBody(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  if (text.startsWith(BYTE_ORDER_MARK)) {
    throw new HookRefusedError('invalid_json', 'byte order mark at byte 0');
  }
  const payload = parseJson(text);
  checkSize(payload);
  return payload;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text: it is not passed on as a cause.
    throw new HookRefusedError('invalid_json', `body of ${Buffer.byteLength(text)} bytes`);
  }
}

/** Counts members and elements level by level: a recursion would end on a payload that nests without end. */
function checkSize(payload: unknown): void {
  let values = 0;
  let level = [payload].filter(isContainer);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new HookRefusedError('too_deep');
    const members = level.flatMap((container) => Object.values(container));
    values += members.length;
    if (values > MAX_VALUES) throw new HookRefusedError('too_complex');
    level = members.filter(isContainer);
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

// Not by a `TextDecoder`: the first one of a process loads what knows all other encodings, too.
function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new HookRefusedError('invalid_utf8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

interface HookWarning {
  readonly code: 'content_type' | 'attempt_count' | 'fingerprint_unsafe';
  readonly detail: string;
}

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;

/** What is odd about a verified delivery, yet no reason to refuse it. */
export function findHookWarnings({ headers }: HookDelivery, { data }: HookEvent): HookWarning[] {
  const warnings: HookWarning[] = [];
  const contentType = headers['content-type'] ?? '';
  // Whether Crisp always sends JSON as JSON is not known for certain, so another type is told and not refused.
  if (!JSON_TYPE.test(contentType)) {
    warnings.push({ code: 'content_type', detail: toMediaType(contentType) });
  }
  const attemptCount = headers['x-delivery-attempt-count'];
  if (attemptCount !== undefined && !/^\d{1,9}$/.test(attemptCount)) {
    warnings.push({ code: 'attempt_count', detail: `like "${toShape(attemptCount, 40)}"` });
  }
  if (data.fingerprint !== undefined && !isSafeFingerprint(data.fingerprint)) {
    warnings.push({ code: 'fingerprint_unsafe', detail: `of type ${typeof data.fingerprint}` });
  }
  return warnings;
}

/** Crisp's message ids are whole numbers that a JavaScript number holds exactly; any other could be two at once. */
function isSafeFingerprint(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** One HTTP request at the webhook's door, before anything about it is believed. */
export interface HookDelivery {
  readonly method: string;
  readonly path: string;
  /** Raw query without the question mark; it may hold the URL key and is never logged. */
  readonly query: string;
  /** Names in lower case; values of a repeated header are joined by a comma, as Lambda does. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Text as received; empty where there is none. */
  readonly body: string;
  readonly isBase64: boolean;
}

/**
 * The website of an event. Crisp repeats it in `data` and may leave out either; where both are there they must agree,
 * and where neither is, the event belongs to nobody.
 */
export function pickWebsiteId({ data, websiteId }: HookEvent): WebsiteId {
  const outer = parseOptional(websiteId);
  const inner = parseOptional(data.website_id) ?? outer;
  if (inner === undefined) {
    throw new HookRefusedError('website_mismatch', 'neither the envelope nor its data has a website_id');
  }
  if (outer !== undefined && outer !== inner) {
    throw new HookRefusedError('website_mismatch', `${outer} in the envelope, ${inner} in its data`);
  }
  return inner;
}

/** The session of an event. */
export function pickSessionId({ data }: HookEvent): SessionId {
  const value = data.session_id;
  if (value === undefined || value === null) throw new HookRefusedError('session_id_missing');
  const sessionId = parseSessionId(value);
  if (sessionId === undefined) throw new HookRefusedError('session_id_invalid', describe(value));
  return sessionId;
}

/** The person of an event about a profile. */
export function pickPeopleId({ data }: HookEvent): PeopleId {
  const value = data.people_id;
  if (value === undefined || value === null) throw new HookRefusedError('people_id_missing');
  const peopleId = parsePeopleId(value);
  if (peopleId === undefined) throw new HookRefusedError('people_id_invalid', describe(value));
  return peopleId;
}

function parseOptional(value: unknown): WebsiteId | undefined {
  if (value === undefined || value === null) return undefined;
  const websiteId = parseWebsiteId(value);
  if (websiteId === undefined) throw new HookRefusedError('website_id_invalid', describe(value));
  return websiteId;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `like "${toShape(value)}"` : `of type ${typeof value}`;
}

/** A Crisp event, of which only the envelope has been checked; the ids in it may still be anything. */
export interface HookEvent {
  readonly name: string;
  /** Empty where `hasData` is false. */
  readonly data: JsonObject;
  /** False where `data` is absent, or no object: a reason to refuse an event that is wanted, and only that. */
  readonly hasData: boolean;
  /** The envelope's own `website_id`, which Crisp may leave out. */
  readonly websiteId: unknown;
}

/** Reads the envelope `{ event, data, website_id }` so far that it can be told whether the event is of interest. */
export function readHookEvent(payload: unknown): HookEvent {
  if (!isJsonObject(payload)) throw new HookRefusedError('payload_not_object');
  const { event, data, website_id } = payload;
  if (typeof event !== 'string' || event === '') throw new HookRefusedError('event_missing');
  const hasData = isJsonObject(data);
  return { name: event, data: hasData ? data : {}, hasData, websiteId: website_id };
}
