import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import {
  isStoredSecretName,
  MIN_URL_KEY_LENGTH,
  STORED_SECRETS,
  type StoredSecretName,
} from '../../config/secrets.ts';
import { type ConfigProblem, OperationError } from '../../errors.ts';
import { toCommandLine, toVisibleJson } from '../../text.ts';
import { defineCommand, toUsageError, value } from '../command.ts';
import { requireStage } from '../options.ts';

export const command = defineCommand({
  options: {
    'kms-key': value({
      placeholder: 'KEY',
      help: 'id, alias or ARN of the KMS key; without it the one in use, or the account’s own of SSM',
      expected: 'the id, alias or ARN of a KMS key',
      read: (text) => (/^[\w:/-]{1,2048}$/.test(text) ? text : undefined),
    }),
  },
  examples: [
    'secrets set CRISP_HOOK_SECRETS --stage prod',
    'secrets set CRISP_TOKEN_KEY --stage prod < key.txt',
  ],
  async run({ options, words, isJson, output, config, target, signal }) {
    const stage = requireStage(target.stage, 'secrets set');
    const name = readName(words);
    const region = target.region ?? config.region;
    const text = await readSecretInput(name, {
      input: process.stdin,
      signal,
      prompt: (it) => void process.stderr.write(it),
    });
    const { createSetSecret, openSecretStore } = await import('../../config/secret-store.ts');
    const store = openSecretStore({ stage, region });
    try {
      const result = await createSetSecret({ store })(name, text, { kmsKey: options['kms-key'] });
      if (result.outcome === 'refused') throw toRefusal(result.problems);
      const { version, missing } = result;
      const parameter = `${store.path}${name}`;
      const remark = name === 'CRISP_HOOK_SECRETS' && isTooShortForUrl(text) ? TOO_SHORT_FOR_URL : '';
      await output.write(
        isJson
          ? `${toVisibleJson({ outcome: 'stored', parameter, region, version, missing })}\n`
          : `Stored as ${parameter} in ${region}, version ${version}. ${USE}\n${remark}${toNextStep(missing, { stage, region })}`,
      );
      return 0;
    } finally {
      store.close();
    }
  },
});

// Far above any secret; whoever pipes a whole file in has mistaken the command.
const MAX_INPUT_BYTES = 64 * 1024;

const TOO_SHORT_FOR_URL =
  `It is shorter than ${MIN_URL_KEY_LENGTH} characters: enough for the signing secret of a plugin hook. As the key of a ` +
  'website hook (CRISP_HOOK_MODE=website) it is refused, and every hook is answered 503.\n';

const USE =
  'Functions that had none use it within 15 seconds; where the old one is rejected, within a minute; the others within five.';

/** The hook mode is the stage's, and not known here. */
function isTooShortForUrl(text: string): boolean {
  return text.split(',').some((secret) => secret.length < MIN_URL_KEY_LENGTH);
}

function toNextStep(
  missing: readonly StoredSecretName[],
  place: { readonly stage: string; readonly region: string },
): string {
  return missing.map((name) => `Still missing: ${toCommandLine(`secrets set ${name}`, place)}\n`).join('');
}

/** What was typed instead is not repeated: it may be the secret. */
function readName(words: readonly string[]): StoredSecretName {
  const [name = '', ...more] = words;
  if (isStoredSecretName(name) && more.length === 0) return name;
  if (isStoredSecretName(name)) {
    throw toUsageError(
      'a secret is read from standard input, never from the command line, which other users of the machine can read: ' +
        'if that was one, replace it at Crisp',
    );
  }
  throw toUsageError(`say which secret, and nothing else: ${STORED_SECRETS.join(', ')}`);
}

function toRefusal(problems: readonly ConfigProblem[]): OperationError {
  const reasons = problems.map(({ variable, message }) => `${variable}: ${message}`).join('; ');
  return new OperationError('secret_refused', `nothing was stored. ${reasons}`);
}

interface SecretInput {
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Shows a person what is wanted. */
  readonly prompt: (text: string) => void;
  readonly signal: AbortSignal;
}

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
