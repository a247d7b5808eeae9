import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

// SKIP_VERIFY, allowUnsigned, disable-signature-check, …: in names, in texts, and in the files of the template.
const BACK_DOOR =
  /\b\w*(?:skip|disable|bypass|allow|insecure|unsafe|without)[_-]?(?:verif\w*|signature\w*|unsigned\w*|unverified\w*|authentication\w*)/gi;

/** Verification has no switch: nothing is called as one that turns it off would be. */
export function checkBackDoors(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) => {
    const spoken = path.endsWith('.ts') ? withoutSegments(text, 'comment') : text;
    return findPattern({ path, text: spoken }, BACK_DOOR, 'could switch the verification off');
  });
}
