import { JobError } from '../errors/job-error.ts';

// Crisp's objects nest about ten levels deep. Parsing knows no limit, but writing ends the stack at some thousands.
const MAX_DEPTH = 1000;

/**
 * The JSON text of a value with the keys of every object in one order (UTF-16 code units, as RFC 8785 has it), so that
 * equal contents have equal texts. Numbers and strings are written as `JSON.stringify` writes them; what JSON cannot
 * hold is left out or null, as there. Throws `bad_response:too_deep` for what is nested deeper than anything of Crisp's.
 */
export function canonicalJson(value: unknown, depth = 0): string {
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

function isJsonObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
