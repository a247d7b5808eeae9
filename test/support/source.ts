import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

interface Import {
  readonly specifier: string;
  /** Path from the root for a relative import; undefined for a package or one of Node's modules. */
  readonly path: string | undefined;
}

// import x from 's' · import 's' · export … from 's' · import type … from 's' · import('s')
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g;

/** Every module that a file imports or re-exports, types included. */
export function findImports({ path, text }: SourceFile): Import[] {
  return [...withoutSegments(text, 'comment', 'regex').matchAll(IMPORT)].map(([, , specifier = '']) => ({
    specifier,
    path: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined,
  }));
}

/** A broken rule: `path:line what`. */
export type Violation = string;

/** A file of the repository. */
export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export const ROOT = join(import.meta.dirname, '../..');

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

type SegmentKind = 'code' | 'comment' | 'text' | 'regex';

/** A stretch of a source file. Quotes and backticks belong to the text between them. */
interface Segment {
  readonly kind: SegmentKind;
  readonly text: string;
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const QUOTED = /'(?:[^'\\\n]|\\[\s\S])*'?|"(?:[^"\\\n]|\\[\s\S])*"?/y;
// From a backtick, or from the brace that ends a placeholder, to the next placeholder or the closing backtick.
const TEMPLATE_PART = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/y;
const REGEX = /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
// A slash after one of these divides nothing, so it starts a regular expression.
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in|await|throw|yield))\s*$/;

/** Splits TypeScript into code, comments, texts and regular expressions, as far as a search for words needs it. */
export function splitSource(source: string): Segment[] {
  const segments: Segment[] = [];
  // Open braces; true for one that opened a template's placeholder.
  const braces: boolean[] = [];
  let index = 0;
  while (index < source.length) {
    const segment = readSegment(source, index, {
      code: lastCode(segments),
      inPlaceholder: braces.at(-1) === true,
    });
    if (segment.kind === 'code') countBraces(segment.text, braces);
    if (segment.kind === 'text' && segment.text.startsWith('}')) braces.pop();
    if (segment.kind === 'text' && segment.text.endsWith('${')) braces.push(true);
    append(segments, segment);
    index += segment.text.length;
  }
  return segments;
}

interface Surroundings {
  readonly code: string;
  readonly inPlaceholder: boolean;
}

function readSegment(source: string, index: number, { code, inPlaceholder }: Surroundings): Segment {
  const char = source[index];
  const comment = char === '/' ? matchAt(COMMENT, source, index) : undefined;
  if (comment !== undefined) return { kind: 'comment', text: comment };
  if (char === "'" || char === '"') return { kind: 'text', text: matchAt(QUOTED, source, index) ?? char };
  if (char === '`' || (char === '}' && inPlaceholder)) {
    return { kind: 'text', text: matchAt(TEMPLATE_PART, source, index) ?? char };
  }
  const regex = char === '/' && BEFORE_REGEX.test(code) ? matchAt(REGEX, source, index) : undefined;
  if (regex !== undefined) return { kind: 'regex', text: regex };
  return { kind: 'code', text: source[index] ?? '' };
}

function matchAt(pattern: RegExp, source: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(source)?.[0];
}

function countBraces(char: string, braces: boolean[]): void {
  if (char === '{') braces.push(false);
  if (char === '}') braces.pop();
}

function lastCode(segments: readonly Segment[]): string {
  const last = segments.findLast(({ kind }) => kind !== 'comment');
  return last === undefined ? '' : last.kind === 'code' ? last.text.slice(-40) : 'x';
}

// Code comes one character at a time, and is joined here.
function append(segments: Segment[], segment: Segment): void {
  const last = segments.at(-1);
  if (last?.kind === 'code' && segment.kind === 'code') {
    segments[segments.length - 1] = { kind: 'code', text: last.text + segment.text };
  } else {
    segments.push(segment);
  }
}
