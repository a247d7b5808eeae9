import { once } from 'node:events';
import { styleText } from 'node:util';
import { OperationError } from '../errors.ts';
import type { Run } from '../ledger/runs.ts';
import type { OperatedStage } from '../operate/stage.ts';
import { toMoment, toPrintable, toVisible } from '../text.ts';

/** Where a command's words go. */
export interface Output {
  /** To standard output; resolves once the reader has room for more. */
  write(text: string): Promise<void>;
  /** To standard error. A reader of standard output that has gone away has seen enough: then nothing is said any more. */
  warn(text: string): void;
  /** To standard error, whoever reads: why the command failed. */
  fail(text: string): void;
  /** The terminal that shows standard error, for a bar; undefined where none does. */
  readonly terminal?: NodeJS.WritableStream | undefined;
  /** Whether colours reach a person there. */
  hasColors?(stream: 'stdout' | 'stderr'): boolean;
  /** How many columns a person has there; undefined where no terminal shows it. */
  width?(stream: 'stdout' | 'stderr'): number | undefined;
}

interface ProcessOutput extends Output {
  /** True once the reader has gone, as `head` does: nothing more is written then. */
  isClosed(): boolean;
  /** Why nothing more can be written, as on a full disk: what was asked for is not whole. */
  failure(): OperationError | undefined;
}

interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number };
}

interface OutputOptions {
  /** Called where the reader goes away, or nothing more can be written. */
  readonly onEnd: () => void;
  /** Aborted: no reader is waited for any more. */
  readonly signal: AbortSignal;
}

/** The output of a process, at its reader's pace. */
export function openOutput({ stdout, stderr }: Streams, { onEnd, signal }: OutputOptions): ProcessOutput {
  let isOver = false;
  let failure: OperationError | undefined;
  stdout.on('error', (cause: NodeJS.ErrnoException) => {
    if (!isOver && cause.code !== 'EPIPE') {
      const message = `standard output cannot be written (${cause.code})`;
      failure = new OperationError('file_unwritable', message, { cause });
    }
    isOver = true;
    onEnd();
  });
  // Nobody can be told that nobody listens.
  stderr.on('error', () => undefined);

  return {
    async write(text) {
      if (isOver || stdout.write(text)) return;
      // A reader that goes away meanwhile ends the wait with an error, which is told above.
      await once(stdout, 'drain', { signal }).catch(() => undefined);
    },
    warn(text) {
      if (!isOver) stderr.write(`${text}\n`);
    },
    fail(text) {
      stderr.write(`${text}\n`);
    },
    terminal: stderr.columns === undefined ? undefined : stderr,
    hasColors: (stream) => hasColors(stream === 'stdout' ? stdout : stderr),
    // Terminals alone have columns.
    width: (stream) => (stream === 'stdout' ? stdout : stderr).columns,
    isClosed: () => isOver && failure === undefined,
    failure: () => failure,
  };
}

/** `NO_COLOR` and `FORCE_COLOR` come first, as Node has them; else a terminal has colours and nothing else does. */
function hasColors(stream: NodeJS.WritableStream): boolean {
  return styleText('bold', 'x', { stream }) !== 'x';
}

/**
 * The same output for people: lines are broken where the terminal ends, and coloured where colours are shown; but for what
 * `isData` on standard output.
 */
export function fitToTerminal(output: Output, { isData = false } = {}): Output {
  const fold = (text: string, stream: 'stdout' | 'stderr') => {
    const width = output.width?.(stream);
    const folded = width === undefined ? text : foldLines(text, width);
    return output.hasColors?.(stream) ? paint(folded) : folded;
  };
  return {
    ...output,
    write: (text) => output.write(isData ? text : fold(text, 'stdout')),
    warn: (text) => output.warn(fold(text, 'stderr')),
    fail(text) {
      const [first = '', ...lines] = fold(text, 'stderr').split('\n');
      output.fail([output.hasColors?.('stderr') ? style('red', first) : first, ...lines].join('\n'));
    },
  };
}

const style = (format: Parameters<typeof styleText>[0], text: string) =>
  styleText(format, text, { validateStream: false });

// The head of a table: capitals in columns.
const HEAD = /^[A-Z]+(?: [A-Z]+)*(?: {2,}[A-Z]+(?: [A-Z]+)*)+$/gm;
// A cell that says how something went: between the margins of its columns.
const CELL = /(?<=^| {2})([a-z]+(?:-[a-z]+)*)(?= {2}|$)/gm;
const CELL_COLORS: Readonly<Record<string, 'red' | 'yellow' | 'green'>> = {
  ...{ failed: 'red', dead: 'red', 'dead-lettered': 'red', fail: 'red' },
  ...{ deferred: 'yellow', held: 'yellow', waiting: 'yellow', warn: 'yellow', removed: 'yellow' },
  ...{ emitted: 'green', announced: 'green', unchanged: 'green', ok: 'green' },
};

/** Colours what a table says, in which no colour says anything that its words do not. */
function paint(text: string): string {
  return text
    .replace(HEAD, (head) => style('bold', head))
    .replace(CELL, (cell) => {
      const color = Object.hasOwn(CELL_COLORS, cell) ? CELL_COLORS[cell] : undefined;
      return color === undefined ? cell : style(color, cell);
    });
}

const LEAST_WIDTH = 40;
const INDENT = '    ';
// Commands stay in one piece, so that they can be pasted: a line that is one, and what stands between backticks.
const COMMAND_LINE = /^\s*(?:[$→]\s*)?(?:npx|npm|node|aws|crisp-enrich)\s/;
const WORD = /`[^`]*`[^\s`]*|[^\s`]+|`/g;

/** Breaks lines that are longer than that between words, and goes on with an indent. A word is broken nowhere. */
export function foldLines(text: string, width: number): string {
  const columns = Math.max(LEAST_WIDTH, width);
  return text
    .split('\n')
    .map((line) => (toWidth(line) <= columns || COMMAND_LINE.test(line) ? line : foldLine(line, columns)))
    .join('\n');
}

function foldLine(line: string, columns: number): string {
  const lines: string[] = [];
  let current = '';
  let endOfLast = 0;
  for (const { 0: word, index } of line.matchAll(WORD)) {
    // What is between two words, the padding of a table too.
    const gap = line.slice(endOfLast, index);
    endOfLast = index + word.length;
    if (current.trim() === '' || toWidth(current) + toWidth(gap) + toWidth(word) <= columns) {
      current += gap + word;
    } else {
      lines.push(current);
      current = INDENT + word;
    }
  }
  return [...lines, current].join('\n');
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u;

/** How many columns a text takes: East Asian characters and emoji take two. */
function toWidth(text: string): number {
  return [...text].reduce((width, character) => width + (WIDE.test(character) ? 2 : 1), 0);
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** A stretch of time in its two largest units, `3d 4h` or `12s`; `-` where it is not known. */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined) return '-';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const first = UNITS.findIndex(([, length]) => seconds >= length);
  const [name, length] = UNITS[first] ?? ['s', 1];
  const [nextName, nextLength] = UNITS[first + 1] ?? ['s', 1];
  const rest = Math.floor((seconds % length) / nextLength);
  const head = `${Math.floor(seconds / length)}${name}`;
  return name === 's' || rest === 0 ? head : `${head} ${rest}${nextName}`;
}

const COLUMNS = [20, 9, 7, 8, 5, 8];

export const RUN_HEAD = formatRow(
  ['STARTED', 'OUTCOME', 'ATTEMPT', 'RECEIVES', 'CALLS', 'TOOK', 'WHY'],
  COLUMNS,
);

/** A run as a row of the log. */
export function formatRun(run: Run): string {
  return formatRow(
    [
      toMoment(run.startedMs) ?? '-',
      run.outcome,
      String(run.attempt),
      String(run.receiveCount),
      String(run.apiCalls),
      `${run.durationMs} ms`,
      toReason(run),
    ],
    COLUMNS,
  );
}

function toReason({ code, reason, stage, status, delaySeconds }: Run): string {
  const parts = [
    code && toPrintable(code),
    stage && `in ${stage}`,
    status !== undefined && `HTTP ${status}`,
    delaySeconds !== undefined && `again in ${delaySeconds} s`,
    reason && `(${toSentence(reason)})`,
  ];
  return parts.filter(Boolean).join(' ');
}

/** The width of each column but the last one, which takes what is left. */
type Columns = readonly number[];

/** A line of a table whose columns are fixed, so that rows can be shown as they come. */
export function formatRow(cells: readonly string[], columns: Columns): string {
  const padded = cells.map((cell, index) => cell.padEnd(columns[index] ?? 0));
  return `${padded.join('  ').trimEnd()}\n`;
}

const MAX_LENGTH = 160;

/** A reason as one line of a terminal: what cannot be seen is escaped, and what is long is clipped. */
export function toSentence(text: string, maxLength = MAX_LENGTH): string {
  const characters = [...toVisible(text)];
  return characters.length > maxLength ? `${characters.slice(0, maxLength).join('')}…` : characters.join('');
}

/** How long the event source mapping takes to change. */
export function toPatience({ consumer }: OperatedStage): string {
  return consumer ? 'a minute' : 'seconds';
}
