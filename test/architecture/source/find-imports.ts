import { posix } from 'node:path';
import { type SourceFile, withoutSegments } from './source-file.ts';

export interface Import {
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
