import { isJsonObject } from '../../text.ts';
import { SnsStore } from './fauxqs-internals.ts';

type Subscription = ReturnType<SnsStore['getSubscription']>;

/** fauxqs's topics and subscriptions, with filters that look into lists. */
export class EmbeddedSnsStore extends SnsStore {
  /** fauxqs asks for each subscription when it fans out, and parses a policy only where none is parsed yet. */
  override getSubscription(arn: string): Subscription {
    const subscription = super.getSubscription(arn);
    if (subscription && subscription.parsedFilterPolicy === undefined) {
      const policy = parsePolicy(subscription.attributes);
      if (policy !== undefined) subscription.parsedFilterPolicy = expandFilterPolicy(policy);
    }
    return subscription;
  }
}

function parsePolicy({ FilterPolicy, FilterPolicyScope }: Readonly<Record<string, string>>) {
  if (!FilterPolicy || FilterPolicyScope === 'MessageBody') return undefined;
  try {
    const policy: unknown = JSON.parse(FilterPolicy);
    // JSON objects have string keys.
    return typeof policy === 'object' && policy !== null ? (policy as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // fauxqs delivers everything then.
  }
}

/** A filter policy on message attributes: for each name the conditions of which one must hold. */
type FilterPolicy = Readonly<Record<string, unknown>>;

/**
 * A policy that finds a value in an attribute of type String.Array too. fauxqs holds a condition against the whole JSON
 * text of the list; this adds conditions that find an element in that text. `anything-but` stays as it is.
 */
function expandFilterPolicy(policy: FilterPolicy): FilterPolicy {
  return Object.fromEntries(
    Object.entries(policy).map(([name, conditions]) => {
      if (!Array.isArray(conditions)) return [name, conditions];
      if (name === '$or')
        return [name, conditions.map((it) => (isJsonObject(it) ? expandFilterPolicy(it) : it))];
      return [name, conditions.flatMap((condition) => [condition, ...toElementConditions(condition)])];
    }),
  );
}

interface Wildcard {
  readonly wildcard: string;
}

// A list as JSON.stringify writes it: what stands before an element, and what after it.
const BEFORE = ['[', '*,'];
const AFTER = [']', ',*'];

function toElementConditions(condition: unknown): Wildcard[] {
  if (typeof condition === 'string') {
    return toSpellings(condition).flatMap((text) => surround(`"${text}"`, BEFORE, AFTER));
  }
  if (!isJsonObject(condition)) return [];
  const { prefix, suffix } = condition;
  if (typeof prefix === 'string')
    return toSpellings(prefix).flatMap((it) => surround(`"${it}`, BEFORE, ['*']));
  if (typeof suffix === 'string')
    return toSpellings(suffix).flatMap((it) => surround(`${it}"`, ['*'], AFTER));
  return [];
}

function surround(text: string, before: readonly string[], after: readonly string[]): Wildcard[] {
  return before.flatMap((left) => after.map((right) => ({ wildcard: `${left}${text}${right}` })));
}

// The inside of a JSON string, plain and with halves of surrogate pairs escaped, as the pipeline publishes it. A star
// would match anything, so a value with one is not looked for.
function toSpellings(value: string): string[] {
  if (value.includes('*')) return [];
  const plain = JSON.stringify(value).slice(1, -1);
  const escaped = plain.replace(/[\ud800-\udfff]/g, (half) => `\\u${half.charCodeAt(0).toString(16)}`);
  return [...new Set([plain, escaped])];
}
