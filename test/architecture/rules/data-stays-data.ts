import { findImports } from '../source/find-imports.ts';
import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

const EXECUTION = new Set([
  'node:child_process',
  'child_process',
  'node:vm',
  'vm',
  'node:cluster',
  'node:repl',
]);
const COMPUTED =
  /(?<![.\w])eval\s*\(|\bnew\s+Function\b|(?<![.\w])Function\s*\(|\bnew\s+RegExp\b|(?<![.\w])RegExp\s*\(|\bObject\.assign\s*\(|\bsetTimeout\(\s*['"`]/g;

// Made of our own secrets, with every character escaped that means something in a pattern.
const OWN_PATTERNS = ['lib/core/text/secret-pattern.ts'];

/**
 * Data stays data: outside of local mode nothing runs a command, makes code or a pattern of text, or merges what was
 * parsed into an object of ours.
 */
export function checkDataStaysData(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !path.startsWith('lib/local/'))
    .flatMap((file) => [
      ...(OWN_PATTERNS.includes(file.path)
        ? []
        : findPattern(withoutTexts(file), COMPUTED, 'makes code of data')),
      ...findImports(file)
        .filter(({ specifier }) => EXECUTION.has(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    ]);
}

function withoutTexts({ path, text }: SourceFile): SourceFile {
  return { path, text: withoutSegments(text, 'comment', 'text', 'regex') };
}
