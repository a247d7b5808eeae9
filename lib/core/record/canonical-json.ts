/**
 * The JSON text of a value with the keys of every object in one order (UTF-16 code units, as RFC 8785 has it), so that
 * equal contents have equal texts. Numbers and strings are written as `JSON.stringify` writes them; what JSON cannot
 * hold is left out or null, as there.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isJsonObject(value)) return canonicalObject(value);
  return JSON.stringify(value) ?? 'null';
}

function canonicalObject(value: { readonly [key: string]: unknown }): string {
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    if (value[key] === undefined) continue;
    members.push(`${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  }
  return `{${members.join(',')}}`;
}

function isJsonObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
