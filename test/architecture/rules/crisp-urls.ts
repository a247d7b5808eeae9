import { findPattern, type Violation } from '../source/find-pattern.ts';
import type { SourceFile } from '../source/source-file.ts';
import { splitSource } from '../source/split-source.ts';

const URL_BUILDER = 'lib/core/crisp/crisp-url.ts';
// The simulator answers on Crisp's paths, so it has to know them; it calls nobody.
const SIMULATOR = 'lib/local/simulator/';

// Local mode's own servers listen on this machine only, on ports that are known when they listen.
const LOCAL_MODE = 'lib/local/';

// A URL with a placeholder in it, unless it leads to this machine.
const BUILT_URL = /\bhttps?:\/\/(?!(?:127\.0\.0\.1|localhost|\[::1\])[:/$])[^\s'"]*\$\{/g;
// A path of Crisp's API that is about to be put together.
const BUILT_PATH = /\/?\b(?:website|conversation|people\/profile)\/(?:\$\{|['"])/g;

/**
 * Crisp's URLs are put together in one file, which checks that no id can leave its place in the path. A template or a
 * joined text elsewhere could be one that does not.
 */
export function checkCrispUrls(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path !== URL_BUILDER && !path.startsWith(SIMULATOR))
    .flatMap(({ path, text }) => {
      const texts = keepTexts(text);
      return [
        ...(path.startsWith(LOCAL_MODE) ? [] : findPattern({ path, text: texts }, BUILT_URL, 'builds a URL')),
        ...findPattern({ path, text: texts }, BUILT_PATH, 'builds a path of Crisp'),
      ];
    });
}

// Each text on its own, with as many line ends before it as the file has.
function keepTexts(source: string): string {
  return splitSource(source)
    .map(({ kind, text }) => (kind === 'text' ? text : text.replace(/[^\n]/g, ' ')))
    .join('');
}
