import type { Violation } from '../source/find-pattern.ts';
import type { SourceFile } from '../source/source-file.ts';

const MAX_LINES = 300;

/** No file is longer than what one can keep in mind. */
export function checkFileLength(files: readonly SourceFile[]): Violation[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}
