import type { CrispObject } from '../crisp/crisp-object.ts';
import { isCrispObject } from '../crisp/is-crisp-object.ts';

/**
 * Crisp's conversation object without what must not be kept: `compose` (what people type and may never send),
 * co-browsing and its tokens, and the token keypairs that operators' details can hold. Everything else stays, also
 * what Crisp adds one day.
 */
export function withoutSecrets(conversation: CrispObject): CrispObject {
  const kept = Object.entries(conversation).filter(([name]) => !DROPPED.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutKeypairs(name, value)]));
}

const DROPPED = new Set(['compose', 'browsing', 'browsing_id', 'browsing_token']);

// Only where Crisp describes operators: elsewhere, as in custom data, `key` may be anybody's word.
const DESCRIBES_OPERATORS = new Set(['operators', 'operator', 'assigned']);
const KEYPAIR = new Set(['identifier', 'key', 'has_token']);

function withoutKeypairs(name: string, value: unknown): unknown {
  return DESCRIBES_OPERATORS.has(name) ? omitDeep(value, KEYPAIR) : value;
}

function omitDeep(value: unknown, names: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => omitDeep(item, names));
  if (!isCrispObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !names.has(name));
  return Object.fromEntries(kept.map(([name, member]) => [name, omitDeep(member, names)]));
}
