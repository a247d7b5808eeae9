import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

/** The machine's time is read in one file; everything else is given a clock. */
export function checkClock(files: readonly SourceFile[]): Violation[] {
  return findElsewhere(files, {
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)/g,
    place: 'lib/adapters/system-clock.ts',
    complaint: 'reads the clock',
  });
}

/** The environment is read in one file; everything else is given a configuration. */
export function checkEnvironment(files: readonly SourceFile[]): Violation[] {
  return findElsewhere(files, {
    pattern: /\bprocess\s*\.\s*env\b|\bprocess\[|\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/g,
    place: 'lib/app/load-config.ts',
    complaint: 'reads the environment',
  });
}

interface Place {
  readonly pattern: RegExp;
  readonly place: string;
  readonly complaint: string;
}

function findElsewhere(files: readonly SourceFile[], { pattern, place, complaint }: Place): Violation[] {
  return files
    .filter(({ path }) => path !== place)
    .flatMap(({ path, text }) =>
      findPattern({ path, text: withoutSegments(text, 'comment', 'text', 'regex') }, pattern, complaint),
    );
}
