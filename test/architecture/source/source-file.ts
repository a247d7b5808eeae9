import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type SegmentKind, splitSource } from './split-source.ts';

/** A file of the repository. */
export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export const ROOT = join(import.meta.dirname, '../../..');

const FOREIGN_FOLDERS = new Set([
  'node_modules',
  '.git',
  '.build',
  '.serverless',
  '.crisp-enrich',
  'coverage',
]);

/** All files below the given folders (or the files themselves) whose names end so, sorted. */
export function readSourceFiles(places: readonly string[], endings: readonly string[]): SourceFile[] {
  return places
    .flatMap((place) => listFiles(place))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** The file without its comments, or without other kinds of text: blanks take their place, so that lines stay. */
export function withoutSegments(text: string, ...kinds: SegmentKind[]): string {
  return splitSource(text)
    .map((segment) => (kinds.includes(segment.kind) ? segment.text.replace(/[^\n]/g, ' ') : segment.text))
    .join('');
}

function listFiles(folder: string): string[] {
  if (statSync(join(ROOT, folder)).isFile()) return [folder];
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOREIGN_FOLDERS.has(entry.name) ? [] : listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}
