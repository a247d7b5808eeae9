import { basename } from 'node:path';
import { findPattern, type Violation } from '../source/find-pattern.ts';
import type { SourceFile } from '../source/source-file.ts';

// A person's or a machine's own folder.
const LOCAL_PATH = /(?<![\w.])\/(?:home|root|Users|work|mnt)\/[\w./-]+/g;
// A number in a tracker, which a reader of the repository may not have.
const TRACKER = /\b(?:issue|ticket)s? #?\d+\b/gi;
const DOCUMENT = /(?<![\w/.-])(?:\.{0,2}\/)?(?:[\w-]+\/)*([\w-]+\.md)\b/g;

/** The repository explains itself: it points to no tracker, no machine, and no document that is not part of it. */
export function checkOwnWords(files: readonly SourceFile[], documents: readonly string[]): Violation[] {
  const known = new Set(documents.map((path) => basename(path)));
  return files.flatMap((file) => [
    ...findPattern(file, LOCAL_PATH, 'names a folder of one machine'),
    ...findPattern(file, TRACKER, 'points to a tracker'),
    ...findUnknownDocuments(file, known),
  ]);
}

function findUnknownDocuments(file: SourceFile, known: ReadonlySet<string>): Violation[] {
  return [...file.text.matchAll(DOCUMENT)]
    .map(([, name = '']) => name)
    .filter((name) => !known.has(name))
    .map((name) => `${file.path} names ${name}, which is not part of the repository`);
}
