import { type OpenSecretStore, openSecretStore } from '../../app/open-secret-store.ts';
import { MIN_URL_KEY_LENGTH } from '../../core/config/parse-hook-secrets.ts';
import {
  isStoredSecretName,
  STORED_SECRETS,
  type StoredSecretName,
} from '../../core/config/stored-secrets.ts';
import type { ConfigProblem } from '../../core/errors/config-error.ts';
import { OperationError } from '../../core/errors/operation-error.ts';
import { toVisibleJson } from '../../core/text/to-visible.ts';
import { createSetSecret } from '../../use-cases/set-secret.ts';
import { defineCommand } from '../command.ts';
import { value } from '../options/option.ts';
import { requireStage } from '../options/require-stage.ts';
import { readSecretInput, type SecretInput } from '../read-secret-input.ts';
import { toUsageError } from '../usage-error.ts';

export interface SecretsSetDependencies {
  readonly openStore: (place: { readonly stage: string; readonly region: string }) => OpenSecretStore;
  /** Asked for when it is needed: to look at standard input is to open it. */
  readonly openInput: () => SecretInput['input'];
}

/** The command over a store and an input of its own. */
export function createSecretsSet({ openStore, openInput }: SecretsSetDependencies) {
  return defineCommand({
    name: 'secrets set',
    summary: 'stores a secret of a stage, read from standard input',
    words: 'NAME',
    options: {
      'kms-key': value({
        placeholder: 'KEY',
        help: 'id, alias or ARN of the KMS key; without it the one in use, or the account’s own of SSM',
        expected: 'the id, alias or ARN of a KMS key',
        read: (text) => (/^[\w:/-]{1,2048}$/.test(text) ? text : undefined),
      }),
    },
    async run({ options, words, isJson, output, config, target, signal }) {
      const stage = requireStage(target.stage, 'secrets set');
      const name = readName(words);
      const region = target.region ?? config.region;
      const text = await readSecretInput(name, {
        input: openInput(),
        signal,
        prompt: (it) => void process.stderr.write(it),
      });
      const store = openStore({ stage, region });
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
}

export const secretsSet = createSecretsSet({ openStore: openSecretStore, openInput: () => process.stdin });

/** The hook mode is the stage's, and not known here. */
function isTooShortForUrl(text: string): boolean {
  return text.split(',').some((secret) => secret.length < MIN_URL_KEY_LENGTH);
}

const TOO_SHORT_FOR_URL =
  `It is shorter than ${MIN_URL_KEY_LENGTH} characters: enough for the signing secret of a plugin hook. As the key of a ` +
  'website hook (CRISP_HOOK_MODE=website) it is refused, and every hook is answered 503.\n';

const USE =
  'Functions that had none use it within 15 seconds; where the old one is rejected, within a minute; the others within five.';

function toNextStep(
  missing: readonly StoredSecretName[],
  { stage, region }: { readonly stage: string; readonly region: string },
): string {
  return missing
    .map(
      (name) => `Still missing: npx crisp-enrich secrets set ${name} --stage ${stage} --region ${region}\n`,
    )
    .join('');
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
