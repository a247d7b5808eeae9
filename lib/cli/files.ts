import { randomUUID } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { OperationError } from '../errors.ts';
import { isJsonObject, toPrintable } from '../text.ts';
import { readSession, readWebsite, type TypedSession } from './options.ts';

/** A file that comes into being only once it is complete. */
interface ExportFile {
  write(text: string): Promise<void>;
  /** Gives it its name. */
  finish(): Promise<void>;
  /** Takes what is not finished away; nothing happens after `finish`. */
  abandon(): Promise<void>;
}

const OWNER_ALONE = 0o600;

/**
 * Opens a file beside its place, readable by its owner alone. Throws `OperationError`: `file_exists` where the place is
 * taken and may not be replaced, or is no plain file; `file_unwritable`.
 */
export async function openExportFile(
  path: string,
  { mayReplace }: { readonly mayReplace: boolean },
): Promise<ExportFile> {
  await refuseTaken(path, mayReplace);
  const partial = `${path}.${randomUUID()}.partial`;
  const file = await open(partial, 'wx', OWNER_ALONE).catch(toUnwritable(path));
  let isOpen = true;

  return {
    async write(text) {
      await file.write(text).catch(toUnwritable(path));
    },
    async finish() {
      await file.sync().catch(toUnwritable(path));
      await close(file);
      isOpen = false;
      // A link fails where the name was taken meanwhile; a rename would replace it.
      if (mayReplace) await rename(partial, path).catch(toUnwritable(path));
      else await link(partial, path).then(() => unlink(partial), toUnwritable(path));
    },
    async abandon() {
      if (!isOpen) return;
      isOpen = false;
      await close(file);
      await unlink(partial);
    },
  };
}

async function refuseTaken(path: string, mayReplace: boolean): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    return toUnwritable(path)(error);
  });
  if (found === undefined || (mayReplace && found.isFile())) return;
  const shown = toPrintable(path, 200);
  const message = found.isFile()
    ? `${shown} exists; add --force to replace it`
    : `${shown} is not a plain file`;
  throw new OperationError('file_exists', message);
}

async function close(file: FileHandle): Promise<void> {
  await file.close();
}

function toUnwritable(path: string): (error: unknown) => never {
  return (cause) => {
    const code = codeOf(cause);
    if (code === 'EEXIST') {
      throw new OperationError('file_exists', `${toPrintable(path, 200)} exists; add --force to replace it`, {
        cause,
      });
    }
    throw new OperationError('file_unwritable', `${toPrintable(path, 200)} cannot be written (${code})`, {
      cause,
    });
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

interface Line {
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

/**
 * Reads a session from a line: `session_…`, `WEBSITE:session_…`, or a JSON object with `session_id` and `website_id`, as
 * `dlq export` writes it. Throws `OperationError`: `session_id_invalid`, `website_id_invalid`.
 */
export function readSessionLine(text: string): TypedSession {
  if (!text.startsWith('{')) return readSession(text);
  const fields = parseObject(text);
  const { sessionId } = readSession(String(fields.session_id ?? fields.sessionId ?? ''));
  const websiteId = fields.website_id ?? fields.websiteId ?? undefined;
  return { sessionId, websiteId: websiteId === undefined ? undefined : readWebsite(String(websiteId)) };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isJsonObject(parsed)) return parsed;
  } catch {
    // Told below: the parser's message would quote the line.
  }
  throw new OperationError('session_id_invalid', 'session_id_invalid: not a JSON object');
}
