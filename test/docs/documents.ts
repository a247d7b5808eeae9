import { dirname, join } from 'node:path/posix';
import type { AbsentFault, Fault } from '../chaos/faults/fault.ts';
import type { SourceFile, Violation } from '../support/source.ts';

/** docs/faults.md: every fault of the catalogue, and where it is injected, or why it cannot be. */
export function toFaultTable(catalogue: readonly (Fault | AbsentFault)[]): string {
  const injected = catalogue.filter((fault) => 'inject' in fault).length;
  return `${INTRODUCTION}
${catalogue.length} faults: ${injected} that a chaos run injects, and ${catalogue.length - injected} that belong to a part which is not in its world.

| | fault | where it is injected |
|---|---|---|
${catalogue.map(toRow).join('\n')}
`;
}

const INTRODUCTION = `# Faults

What can go wrong around crisp-enrich, and how each of it is tried. \`npm run chaos\` injects these faults at random, several at a time, into a world of virtual time with the real functions in it, and an oracle that knows nothing of the code holds what happened against the promises. \`npm run chaos -- --faults F31,F46\` injects exactly those in every run. A failing run prints the command that repeats it.

Beside the chosen faults any instance may be killed at any point at which it waits, and any call to AWS may be lost, late or refused. The longest troubles are played through on their own: \`npm run chaos -- --scenarios\`.

What every run is held against:

- **I1** An accepted event ends covered by a fetch that began after it and was announced, or by a removal, or its message waits in the dead-letter queue with a reason.
- **I2** A message has one end, and a removal is told once.
- **I3** Every record was asked for, and says what Crisp said: nothing of another session, nothing left out.
- **I4** A delivery is accepted only once the queue has its message.
- **I5** A message is deleted only once its record is archived and announced, and a dead letter only once it was sent again.
- **I6** No more requests than the budget, no more receives and attempts than the limits, none while the queue is held; no message dies of refusals.
- **I7** No secret and no text of a conversation in a log, a queue message, a note, or a reply.
- **I8** Whoever keeps the highest version never goes back.
- **I9** What is wrong with one message holds up its batch for one visibility timeout at most.
- **I10** Nothing crashes, and every refusal has a code.

Written by \`node scripts/generate-fault-table.ts\`; a test keeps it equal to the catalogue in \`test/chaos/faults/\`.
`;

function toRow(fault: Fault | AbsentFault): string {
  const where = 'inject' in fault ? 'chaos' : `${fault.why} See [${fault.coveredBy}](../${fault.coveredBy}).`;
  return `| ${fault.id} | ${fault.title} | ${where} |`;
}

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

/** The codes of one stage, and the heading of docs/errors.md under which their table stands. */
interface Stage {
  readonly heading: string;
  /** Each code with what the next cell must say (a status, a disposition); undefined where that is free. */
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

// A code is what the first cell of a row holds in backticks.
function findRows(document: string, heading: string): { code: string; next: string }[] {
  const section = document.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`|]+)` *\| *([^|]*?) *\|/gm)].map(([, code = '', next = '']) => ({
    code,
    next,
  }));
}
