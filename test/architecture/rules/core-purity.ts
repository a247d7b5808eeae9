import { findImports } from '../source/find-imports.ts';
import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

const IMPURE =
  /\b(?:await|async|fetch\s*\(|setTimeout|setInterval|setImmediate|Date\.now|new Date\(\s*\)|performance\.|process\.|Math\.random|randomUUID|randomBytes|randomInt|console\.)/g;

/** Core computes: it waits for nothing, and knows no clock, no chance, no environment and no input or output. */
export function checkCorePurity(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path.startsWith('lib/core/'))
    .flatMap((file) => [...findImpureWords(file), ...findImpureImports(file)]);
}

function findImpureWords({ path, text }: SourceFile): Violation[] {
  const code = withoutSegments(text, 'comment', 'text', 'regex');
  return findPattern({ path, text: code }, IMPURE, 'is not pure');
}

// Hashing is the one thing of Node's that core may use.
function findImpureImports(file: SourceFile): Violation[] {
  return findImports(file)
    .filter(({ specifier }) => specifier.startsWith('node:') && specifier !== 'node:crypto')
    .map(({ specifier }) => `${file.path} imports ${specifier}`);
}
