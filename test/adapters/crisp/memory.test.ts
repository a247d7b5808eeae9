import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { createScriptedCrisp, type ScriptedAnswer } from '../../support/scripted-crisp.ts';

const MIB = 1024 * 1024;
// The default cap on a body.
const MAX_RESPONSE_BYTES = 16 * MIB;
const READER = fileURLToPath(new URL('../../support/reading-process.ts', import.meta.url));

/** Reads the answer in a process of its own. */
async function readApart(bad: ScriptedAnswer): Promise<{ reason: string; grownBytes: number }> {
  const server = await createScriptedCrisp(({ url }) =>
    url.endsWith('session_bad') ? bad : { data: { session_id: 'session_a' } },
  );
  onTestFinished(() => server.close());
  const args = [READER, server.url.href, String(MAX_RESPONSE_BYTES)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
  return JSON.parse(stdout);
}

/** A body of a mebibyte or so that inflates to a gibibyte: gzip allows one stream after another. */
function aBomb(): Buffer {
  return Buffer.concat(Array(16).fill(gzipSync(Buffer.alloc(64 * MIB))));
}

test.each<[string, ScriptedAnswer, string]>([
  [
    'R20 a gzip bomb of a gibibyte',
    { body: aBomb(), headers: { 'content-encoding': 'gzip' } },
    'response_too_large',
  ],
  [
    'R20 a bomb behind six encodings',
    { body: aBomb(), headers: { 'content-encoding': Array(6).fill('gzip').join(', ') } },
    'bad_encoding',
  ],
  [
    'R21 a stream of 30 MB',
    { body: Buffer.alloc(30_000_000, ' '), headers: { 'transfer-encoding': 'chunked' } },
    'response_too_large',
  ],
])('%s ends at the cap, and memory grows by less than 64 MiB', async (_, answer, expected) => {
  const { reason, grownBytes } = await readApart(answer);

  expect(reason).toBe(expected);
  expect(grownBytes / MIB).toBeLessThan(64);
});
