import { readFile } from 'node:fs/promises';

/** What a code means and what to do about it, as docs/errors.md says. */
export interface Meaning {
  readonly meaning: string;
  readonly remedy: string;
}

// Beside `lib`, as it is beside `dist` in a release.
const ERRORS = new URL('../../docs/errors.md', import.meta.url);

const SECTIONS = ['## Failed jobs', '## Reasons of an open breaker', '## Dead letters'];
const LINE = /^- `([a-z_]+)` ?(\w+)?: (.+)$/;

/** Reads the meaning of every reason of a dead letter and of a held queue; empty where the document is not there. */
export async function readMeanings(): Promise<ReadonlyMap<string, Meaning>> {
  const document = await readFile(ERRORS, 'utf8').catch(() => '');
  const meanings = new Map<string, Meaning>();
  for (const section of document.split(/^(?=## )/m)) {
    if (!SECTIONS.some((title) => section.startsWith(title))) continue;
    for (const line of section.split('\n')) {
      const [, code, disposition, words = ''] = LINE.exec(line) ?? [];
      if (code !== undefined) meanings.set(code, toMeaning(code, toPlain(words), disposition));
    }
  }
  return meanings;
}

/** Links and code as plain words. */
function toPlain(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}

// Verbs that begin what is to be done.
const REMEDY =
  /(?:^|[.;:,] )((?:If it (?:lasts|recurs)|Find|Deploy|Correct|Name|Look|Check|Enter|Grant|Install|Report|Raise|Give|Fix|send|look|report|status|It continues)\b.*)$/s;

/** The first words of a remedy part the two; without a remedy, the disposition says what helps. */
function toMeaning(code: string, words: string, disposition = 'permanent'): Meaning {
  const remedy = REMEDY.exec(words)?.[1] ?? '';
  const meaning = words.slice(0, words.length - remedy.length).replace(/[.;:,] ?$/, '');
  return {
    meaning: toSentence(meaning === '' ? code.replaceAll('_', ' ') : meaning),
    remedy: remedy === '' ? (DISPOSITIONS[disposition] ?? '') : toSentence(remedy),
  };
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}

const DISPOSITIONS: Readonly<Record<string, string>> = {
  transient: 'It may have passed: redrive it.',
  refused: 'Wait until Crisp admits calls again, and redrive it.',
  outage: 'Wait until it is over, and redrive it.',
  missing: 'Redrive it: a removal is announced once Crisp has confirmed it.',
  permanent: 'Redrive it once the cause is gone.',
};
