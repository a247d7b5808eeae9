const PLACEHOLDERS = [
  /^<.*>$/,
  /^[.…x*]+$/i,
  /^\[.*\]$/,
  /^\$?\{.*\}$/,
  /^(your|my|the)[-_ ]?[a-z_ -]*(secret|key|token|identifier)s?$/i,
  /(change|replace)[-_ ]?(me|this)/i,
  /placeholder/i,
];

/** True for a text from a template that somebody forgot to fill in. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.some((pattern) => pattern.test(text));
}
