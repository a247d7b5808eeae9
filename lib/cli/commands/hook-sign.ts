import { readFile } from 'node:fs/promises';
import { OperationError } from '../../errors.ts';
import { toPrintable, toVisibleJson } from '../../text.ts';
import { defineCommand, value } from '../command.ts';

export const command = defineCommand({
  isData: true,
  options: {
    file: value({
      placeholder: 'FILE',
      help: 'the body, byte by byte (default -: standard input)',
      expected: 'a file',
      read: (text) => (text === '' ? undefined : text),
    }),
  },
  examples: ['hook sign --file body.json', 'hook sign --json --stage prod < body.json'],
  async run({ options, isJson, output, clock, target }) {
    const { findSigningSecret, signHookBody } = await import('../../operate/hook.ts');
    const secret = findSigningSecret({ isLocal: target.stage === undefined });
    const body = await readBody(options.file ?? '-');
    const { timestamp, signature } = signHookBody(body, { secret, nowMs: clock.nowMs() });
    await output.write(
      isJson
        ? `${toVisibleJson({ timestamp, signature })}\n`
        : `X-Crisp-Request-Timestamp: ${timestamp}\nX-Crisp-Signature: ${signature}\n`,
    );
    return 0;
  },
});

async function readBody(path: string): Promise<Uint8Array> {
  if (path === '-') return Buffer.concat(await process.stdin.toArray());
  return readFile(path).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new OperationError('file_unreadable', `${toPrintable(path, 200)} cannot be read (${code})`, {
      cause,
    });
  });
}
