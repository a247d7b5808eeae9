import type { Violation } from '../source/find-pattern.ts';

/** The codes of one stage, and the heading of docs/errors.md under which their table stands. */
export interface Stage {
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
