import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';
import { toUsageError } from './usage-error.ts';

export interface SecretInput {
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Shows a person what is wanted. */
  readonly prompt: (text: string) => void;
  readonly signal: AbortSignal;
}

// Far above any secret; whoever pipes a whole file in has mistaken the command.
const MAX_INPUT_BYTES = 64 * 1024;

/**
 * One secret from standard input: typed by a person and not shown, or piped in, where the line's end that `echo` adds
 * belongs to nobody's secret. It is never taken from the command line, which others on the machine can read.
 */
export async function readSecretInput(name: string, { input, prompt, signal }: SecretInput): Promise<string> {
  if (!input.isTTY) return readPiped(input);
  prompt(`${name}: `);
  const typed = await readHidden(input, signal);
  prompt('\n');
  return typed;
}

async function readPiped(input: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_INPUT_BYTES) throw toUsageError('standard input is too long for a secret');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** The terminal stops echoing while readline reads it, and what readline itself would draw goes nowhere. */
async function readHidden(input: Readable, signal: AbortSignal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  // In raw mode Ctrl-C and Ctrl-D are keys, which readline turns into these.
  const stop = new AbortController();
  lines.once('SIGINT', () => stop.abort());
  lines.once('close', () => stop.abort());
  try {
    return await lines.question('', { signal: AbortSignal.any([signal, stop.signal]) });
  } catch {
    throw toUsageError('nothing was entered, and nothing was stored');
  } finally {
    lines.close();
  }
}
