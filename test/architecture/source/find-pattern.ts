import type { SourceFile } from './source-file.ts';

/** A broken rule: `path:line what`. */
export type Violation = string;

/** Where a pattern (with the flag g) occurs in a text that was made from the file line by line. */
export function findPattern({ path, text }: SourceFile, pattern: RegExp, complaint: string): Violation[] {
  return [...text.matchAll(pattern)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length;
    return `${path}:${line} ${complaint}: ${match[0].trim()}`;
  });
}
