import { dirname, join } from 'node:path/posix';
import type { SourceFile, Violation } from '../support/source.ts';

const FENCED_CODE = /^ {0,3}(```|~~~)[\s\S]*?^ {0,3}\1/gm;
const INLINE_CODE = /`[^`\n]*`/g;
const LINK = /\]\(([^()\s]+)(?: "[^"]*")?\)/g;
const SCHEME = /^[a-z][a-z\d+.-]*:/i;
const HEADING = /^#{1,6}[ \t]+(.+?)[ \t]*#*$/gm;

/** Every link to the repository itself leads to a file or folder that is there, and its anchor to a heading in it. */
export function checkLinks(
  documents: readonly SourceFile[],
  isThere: (path: string) => boolean,
): Violation[] {
  const texts = new Map(documents.map(({ path, text }) => [path, text]));
  return documents.flatMap(({ path, text }) =>
    findLinks(text)
      .map((link) => ({ link, problem: findProblem(link, path) }))
      .filter(({ problem }) => problem !== undefined)
      .map(({ link, problem }) => `${path}: ${link} ${problem}`),
  );

  function findProblem(link: string, from: string): string | undefined {
    const [place = '', anchor] = decodeURI(link).split('#');
    const target = place === '' ? from : join(dirname(from), place);
    if (target.startsWith('..')) return 'leads out of the repository';
    if (!isThere(target)) return 'leads nowhere';
    if (anchor === undefined) return undefined;
    return findAnchors(texts.get(target) ?? '').has(anchor) ? undefined : 'names no heading';
  }
}

/** The links of a document that lead to no other site; what stands in code is none. */
function findLinks(text: string): string[] {
  const prose = text.replace(FENCED_CODE, '').replace(INLINE_CODE, '');
  return [...prose.matchAll(LINK)].map(([, link = '']) => link).filter((link) => !SCHEME.test(link));
}

const NAMED_FILE =
  /(?<![\w/.-])(?:lib|functions|test|scripts|infra|docs)\/[\w./-]+\.(?:ts|mjs|js|yml|json|md)\b/g;

/** The files of the repository that documents name by their path, links and code included. */
export function findNamedFiles(documents: readonly SourceFile[]): { path: string; file: string }[] {
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(NAMED_FILE)].map(([file]) => ({ path, file })),
  );
}

/** The names that GitHub gives to a document's headings; the second of two equal ones ends in `-1`. */
function findAnchors(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.replace(FENCED_CODE, '').matchAll(HEADING)) {
    const name = toAnchor(heading);
    let anchor = name;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${name}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function toAnchor(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** The codes of one stage, and the heading of docs/errors.md under which they are listed. */
interface Stage {
  readonly heading: string;
  /** Each code with what must follow it (a status, a disposition); undefined where that is free. */
  readonly codes: Readonly<Record<string, string | number | undefined>>;
}

/** docs/errors.md and the code list the same codes, under the same stage: none undocumented, none that is gone. */
export function checkDocumentedCodes(document: string, stages: readonly Stage[]): Violation[] {
  return stages.flatMap(({ heading, codes }) => {
    const rows = findRows(document, heading);
    const documented = rows.map(({ code }) => code);
    return [
      ...Object.keys(codes)
        .filter((code) => !documented.includes(code))
        .map((code) => `${heading} lacks ${code}`),
      ...rows
        .filter(({ code }) => !Object.hasOwn(codes, code))
        .map(({ code }) => `${heading} has the unknown ${code}`),
      ...rows
        .filter(({ code, next }) => codes[code] !== undefined && String(codes[code]) !== next)
        .map(({ code, next }) => `${heading} says ${next} of ${code}`),
      ...documented
        .filter((code, index) => documented.indexOf(code) !== index)
        .map((code) => `${heading} has ${code} twice`),
    ];
  });
}

// A code is what a list item begins with, in backticks.
function findRows(document: string, heading: string): { code: string; next: string }[] {
  const section = document.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^- `([^`]+)` ?(\w*):/gm)].map(([, code = '', next = '']) => ({
    code,
    next,
  }));
}
