/** Where a command's words go. */
export interface Output {
  /** To standard output; resolves once the reader has room for more. */
  write(text: string): Promise<void>;
  /** To standard error. A reader of standard output that has gone away has seen enough: then nothing is said any more. */
  warn(text: string): void;
  /** To standard error, whoever reads: why the command failed. */
  fail(text: string): void;
  /** How many columns a person has there; undefined where no terminal shows it. */
  width?(stream: 'stdout' | 'stderr'): number | undefined;
}

/** The same output for people: lines are broken where the terminal ends, but for what `isData` on standard output. */
export function fitToTerminal(output: Output, { isData = false } = {}): Output {
  const fold = (text: string, stream: 'stdout' | 'stderr') => {
    const width = output.width?.(stream);
    return width === undefined ? text : foldLines(text, width);
  };
  return {
    ...output,
    write: (text) => output.write(isData ? text : fold(text, 'stdout')),
    warn: (text) => output.warn(fold(text, 'stderr')),
    fail: (text) => output.fail(fold(text, 'stderr')),
  };
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
