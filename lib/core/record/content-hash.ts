import { createHash } from 'node:crypto';
import type { CrispObject } from '../crisp/crisp-object.ts';
import { isCrispObject } from '../crisp/is-crisp-object.ts';
import { canonicalJson } from './canonical-json.ts';
import { VOLATILE_FIELDS } from './volatile-fields.ts';

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
    isCrispObject(message) ? omit(message, NOT_HASHED_OF_MESSAGE) : message,
  );
  return { ...content, messages };
}

/** A value that is set aside is content all the same: only that of a volatile field is not. */
function toOddContent({ enrichment }: { enrichment?: unknown }): CrispObject {
  const odd = isCrispObject(enrichment) ? enrichment.odd_fields : undefined;
  if (!Array.isArray(odd)) return {};
  const lasting = odd.filter(({ path }) => !NOT_HASHED.has(`${path}`.split('.')[0] ?? ''));
  return lasting.length === 0 ? {} : { enrichment: { odd_fields: lasting } };
}

// Through entries, not by assignment: a key named `__proto__` stays a key.
function omit(source: object, names: ReadonlySet<string>): { [key: string]: unknown } {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !names.has(name)));
}
