import { randomUUID } from 'node:crypto';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { OperationError } from '../../core/errors/operation-error.ts';
import { toPrintable } from '../../core/text/to-printable.ts';

/** A file that comes into being only once it is complete. */
export interface ExportFile {
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
