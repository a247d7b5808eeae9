import { once } from 'node:events';
import type { Output } from './output.ts';

export interface ProcessOutput extends Output {
  /** True once the reader has gone, as `head` does: nothing more is written then. */
  isClosed(): boolean;
}

interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number };
}

export interface OutputOptions {
  /** Called where the reader goes away. */
  readonly onClosed: () => void;
  /** Aborted: no reader is waited for any more. */
  readonly signal: AbortSignal;
}

/** The output of a process, at its reader's pace. */
export function openOutput({ stdout, stderr }: Streams, { onClosed, signal }: OutputOptions): ProcessOutput {
  let isClosed = false;
  stdout.on('error', () => {
    isClosed = true;
    onClosed();
  });
  // Nobody can be told that nobody listens.
  stderr.on('error', () => undefined);

  return {
    async write(text) {
      if (isClosed || stdout.write(text)) return;
      // A reader that goes away meanwhile ends the wait with an error, which is told above.
      await once(stdout, 'drain', { signal }).catch(() => undefined);
    },
    warn(text) {
      if (!isClosed) stderr.write(`${text}\n`);
    },
    fail(text) {
      stderr.write(`${text}\n`);
    },
    // Terminals alone have columns.
    width: (stream) => (stream === 'stdout' ? stdout : stderr).columns,
    isClosed: () => isClosed,
  };
}
