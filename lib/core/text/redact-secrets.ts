/** Stands where something was taken out. */
export const REDACTED = '[..]';

/** A text without what the patterns of secrets find (see `toSecretPattern`). Applied twice it changes nothing more. */
export function redactSecrets(text: string, secrets: readonly RegExp[]): string {
  const redacted = secrets.reduce((rest, pattern) => rest.replace(pattern, REDACTED), text);
  // What is left on both sides of a gap may be a secret again; each round leaves less, so this ends.
  return redacted === text ? text : redactSecrets(redacted, secrets);
}
