import { type FileHandle, open } from 'node:fs/promises';
import { OperationError } from '../../core/errors/operation-error.ts';
import { toPrintable } from '../../core/text/to-printable.ts';

export interface Line {
  /** 1-based. */
  readonly number: number;
  readonly text: string;
}

// A session in JSON with all that an export adds has less than two thousand; a longer line was never one of ours.
const MAX_LINE_LENGTH = 16 * 1024;

/**
 * Reads a text file line by line, however large it is; blank lines are left out. Throws `OperationError`
 * `file_unreadable`, with the line where one is too long or is no text.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const shown = toPrintable(path, 200);
  const file = await open(path).catch(toUnreadable(shown));
  try {
    if ((await file.stat()).isDirectory())
      throw new OperationError('file_unreadable', `${shown} is a folder`);
    yield* splitLines(file, shown);
  } finally {
    await file.close();
  }
}

async function* splitLines(file: FileHandle, shown: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 1;
  let rest = '';
  for await (const chunk of file.createReadStream({ autoClose: false })) {
    rest += decode(decoder, chunk, { shown, number });
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      const text = rest.slice(0, end).trim();
      rest = rest.slice(end + 1);
      checkLength(text, { shown, number });
      if (text !== '') yield { number, text };
      number += 1;
    }
    checkLength(rest, { shown, number });
  }
  const text = rest.trim();
  if (text !== '') yield { number, text };
}

interface Place {
  readonly shown: string;
  readonly number: number;
}

function decode(
  decoder: InstanceType<typeof TextDecoder>,
  chunk: Uint8Array,
  { shown, number }: Place,
): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (cause) {
    const message = `${shown}, line ${number} or soon after: not UTF-8 text`;
    throw new OperationError('file_unreadable', message, { cause });
  }
}

function checkLength(text: string, { shown, number }: Place): void {
  if (text.length <= MAX_LINE_LENGTH) return;
  const message = `${shown}, line ${number}: longer than ${MAX_LINE_LENGTH} characters, so not a list of sessions`;
  throw new OperationError('file_unreadable', message);
}

function toUnreadable(shown: string): (error: unknown) => never {
  return (cause) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new OperationError('file_unreadable', `${shown} cannot be read (${code})`, { cause });
  };
}
