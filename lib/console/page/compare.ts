import { toFields } from './record.ts';

/** One place in which two records differ; a side is undefined where it does not have the place at all. */
export interface Change {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Differs between any two fetches: says nothing of the conversation. */
  readonly isOfFetch: boolean;
}

const OF_FETCH =
  /^(version|content_hash|fetched_at|enrichment|metrics|active|updated_at|availability|unread|waiting_since|preview_message)\b/;
const MOST = 500;

/** What changed from one record to the next. Messages are told apart by their fingerprints, and not by their place. */
export function compareRecords(before: unknown, after: unknown): readonly Change[] {
  const changes: Change[] = [];
  compare('', withoutOrder(before), withoutOrder(after), changes);
  return changes;
}

function withoutOrder(record: unknown): unknown {
  const { messages, ...rest } = toFields(record);
  if (!Array.isArray(messages)) return rest;
  const named = messages.map((message, index) => {
    const { fingerprint, type } = toFields(message);
    return [`${String(type)} ${String(fingerprint ?? index)}`, message] as const;
  });
  return { messages: Object.fromEntries(named), ...rest };
}

function compare(path: string, before: unknown, after: unknown, changes: Change[]): void {
  if (changes.length >= MOST || Object.is(before, after)) return;
  if (isNested(before) && isNested(after) && Array.isArray(before) === Array.isArray(after)) {
    const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>];
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
      compare(path === '' ? key : `${path}.${key}`, old[key], now[key], changes);
    return;
  }
  const [was, is] = [toShown(before), toShown(after)];
  if (was !== is) changes.push({ path, before: was, after: is, isOfFetch: OF_FETCH.test(path) });
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** A message by what it says; everything else as JSON. */
function toShown(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const { content, user } = toFields(value);
  if (typeof content === 'string') return `${String(toFields(user).nickname ?? '')}: ${content}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
