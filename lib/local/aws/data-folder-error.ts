export type DataFolderErrorCode = 'data_folder_in_use' | 'data_folder_not_writable';

/** The folder that is to keep the embedded AWS cannot be used. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
  readonly code: DataFolderErrorCode;

  constructor(code: DataFolderErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.code = code;
  }
}

const NOT_WRITABLE = new Set(['EACCES', 'EEXIST', 'ENOTDIR', 'EPERM', 'EROFS', 'ENOSPC']);

// SQLite's result codes: busy and locked; read-only, full and cannot open.
const SQLITE_IN_USE = new Set([5, 6]);
const SQLITE_NOT_WRITABLE = new Set([8, 13, 14]);

/** The error for what went wrong in a folder; anything else comes back as it is. */
export function toDataFolderError(error: unknown, dataDir: string): unknown {
  // Errors of the file system have a code, those of SQLite an errcode.
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (errcode !== undefined && SQLITE_IN_USE.has(errcode)) {
    const message = `The data folder ${dataDir} is in use by another process: stop it, or choose another folder`;
    return new DataFolderError('data_folder_in_use', message, { cause: error });
  }
  if (NOT_WRITABLE.has(code ?? '') || SQLITE_NOT_WRITABLE.has(errcode ?? -1)) {
    const message = `The data folder ${dataDir} cannot be written: choose one that can`;
    return new DataFolderError('data_folder_not_writable', message, { cause: error });
  }
  return error;
}
