import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Patch } from './mutant.ts';

export class PatchError extends Error {
  override readonly name = 'PatchError';
}

/**
 * Changes files of a copy of the tree, and returns what undoes it. Throws `PatchError` where a text is not found exactly
 * once, and leaves everything as it was: the code has changed, and the mutant has to follow.
 */
export function applyPatches(root: string, patches: readonly Patch[]): () => void {
  const before = new Map<string, string>();
  const restore = () => {
    for (const [path, text] of before) writeFileSync(path, text);
  };
  try {
    for (const patch of patches) {
      const path = join(root, patch.file);
      const text = readFileSync(path, 'utf8');
      if (!before.has(path)) before.set(path, text);
      writeFileSync(path, patchText(text, patch));
    }
  } catch (error) {
    restore();
    throw error;
  }
  return restore;
}

/** The text with one part replaced. */
export function patchText(text: string, { file, find, replace }: Patch): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new PatchError(`${file} has ${parts.length - 1} places to patch`);
  return parts.join(replace);
}
