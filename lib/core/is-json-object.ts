export type JsonObject = Readonly<Record<string, unknown>>;

/** True for what `{…}` in JSON becomes; false for null, lists and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
