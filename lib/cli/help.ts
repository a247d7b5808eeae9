import type { Command } from './command.ts';
import type { Option } from './options/option.ts';
import { COMMON_OPTIONS } from './parse-command-line.ts';

const NAME_WIDTH = 24;

/** What can be typed, and what each does. */
export function toHelp(commands: readonly Command[]): string {
  return [
    'crisp-enrich COMMAND [options]',
    '',
    ...commands.map(({ name, words, summary }) => toLine(words ? `${name} ${words}` : name, summary)),
    '',
    ...toOptionLines(COMMON_OPTIONS),
    '',
    'Without --stage the local mode that runs here is meant. `crisp-enrich COMMAND --help` tells more.',
    'Exit codes: 0 done, 1 failed, 2 not understood, 3 done in part, 130 interrupted.',
    '',
  ].join('\n');
}

/** One command with its options. */
export function toCommandHelp({ name, words, summary, options }: Command): string {
  const own = toOptionLines(options);
  return [
    `crisp-enrich ${name}${words ? ` ${words}` : ''} [options]`,
    '',
    `  ${summary}`,
    '',
    ...own,
    ...(own.length > 0 ? [''] : []),
    ...toOptionLines(COMMON_OPTIONS),
    '',
  ].join('\n');
}

function toOptionLines(options: Readonly<Record<string, Option<unknown>>>): string[] {
  return Object.entries(options).map(([name, { placeholder, help }]) =>
    toLine(`--${name}${placeholder ? ` ${placeholder}` : ''}`, help),
  );
}

function toLine(left: string, right: string): string {
  return `  ${left.padEnd(NAME_WIDTH)}${left.length < NAME_WIDTH ? '' : ' '}${right}`;
}
