/**
 * A value as JSON text that SQS, SNS and S3 take whatever a visitor typed: SQS refuses U+FFFE, U+FFFF and half
 * surrogate pairs, and some emulators refuse all beyond the BMP, so these are written as `\uXXXX`; control characters
 * JSON escapes by itself. `JSON.parse` gives the same value back.
 */
export function escapeBody(value: object): string {
  return JSON.stringify(value).replace(NOT_FOR_SQS, toEscape);
}

// Without the `u` flag, so that each half of a surrogate pair matches: a pair becomes two escapes, as JSON has it.
const NOT_FOR_SQS = /[\ud800-\udfff\ufffe\uffff]/g;

function toEscape(codeUnit: string): string {
  return `\\u${codeUnit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
