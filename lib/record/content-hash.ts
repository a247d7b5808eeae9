import { createHash } from 'node:crypto';
import { JobError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../text.ts';
import { VOLATILE_FIELDS } from './schema.ts';

/**
 * `sha256:…` over what a record says, without its volatile fields and without the hash itself; of `enrichment`, only the
 * `odd_fields` are hashed, where there are any. The same content gives
 * the same hash however and whenever it was fetched, and any other change gives another one.
 */
export function contentHash(record: object): string {
  const content = canonicalJson(withoutVolatileFields(record));
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

const NOT_HASHED = new Set<string>([...VOLATILE_FIELDS.record, 'content_hash']);
const NOT_HASHED_OF_MESSAGE = new Set<string>(VOLATILE_FIELDS.message);

function withoutVolatileFields(record: object): object {
  const content = { ...omit(record, NOT_HASHED), ...toOddContent(record) };
  if (!Array.isArray(content.messages)) return content;

  const messages = content.messages.map((message: unknown) =>
    isJsonObject(message) ? omit(message, NOT_HASHED_OF_MESSAGE) : message,
  );
  return { ...content, messages };
}

/** A value that is set aside is content all the same: only that of a volatile field is not. */
function toOddContent({ enrichment }: { enrichment?: unknown }): JsonObject {
  const odd = isJsonObject(enrichment) ? enrichment.odd_fields : undefined;
  if (!Array.isArray(odd)) return {};
  const lasting = odd.filter(({ path }) => !NOT_HASHED.has(`${path}`.split('.')[0] ?? ''));
  return lasting.length === 0 ? {} : { enrichment: { odd_fields: lasting } };
}

// Through entries, not by assignment: a key named `__proto__` stays a key.
function omit(source: object, names: ReadonlySet<string>): { [key: string]: unknown } {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !names.has(name)));
}

// Crisp's objects nest about ten levels deep. Parsing knows no limit, but writing ends the stack at some thousands.
const MAX_DEPTH = 1000;

/**
 * The JSON text of a value with the keys of every object in one order (UTF-16 code units, as RFC 8785 has it), so that
 * equal contents have equal texts. Numbers and strings are written as `JSON.stringify` writes them; what JSON cannot
 * hold is left out or null, as there. Throws `bad_response:too_deep` for what is nested deeper than anything of Crisp's.
 */
function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new JobError('bad_response', { detail: 'too_deep' });
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  if (isJsonObject(value)) return canonicalObject(value, depth);
  return JSON.stringify(value) ?? 'null';
}

function canonicalObject(value: { readonly [key: string]: unknown }, depth: number): string {
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    if (value[key] === undefined) continue;
    members.push(`${JSON.stringify(key)}:${canonicalJson(value[key], depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}
