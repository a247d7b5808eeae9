import type { ConfigProblem } from '../errors/config-error.ts';
import { parseCrispToken } from './parse-crisp-token.ts';
import { parseHookSecrets } from './parse-hook-secrets.ts';
import type { StoredSecretName } from './stored-secrets.ts';

// What SSM takes as the value of a standard parameter.
const MAX_SECRET_BYTES = 4096;

/** What is wrong with a secret before it is stored, by the rules that its reader will hold it to. Shows no value. */
export function findSecretProblems(name: StoredSecretName, text: string): readonly ConfigProblem[] {
  if (text === '') return [{ code: 'config_secret_empty', variable: name, message: 'is empty' }];
  if (new TextEncoder().encode(text).length > MAX_SECRET_BYTES) {
    const message = `has more than ${MAX_SECRET_BYTES} bytes, which the parameter store does not take`;
    return [{ code: 'config_invalid', variable: name, message }];
  }
  switch (name) {
    case 'CRISP_HOOK_SECRETS':
      return parseHookSecrets(text).problems;
    // One half at a time: the other stands for one without a problem.
    case 'CRISP_TOKEN_IDENTIFIER':
      return parseCrispToken(text, OTHER_HALF).problems;
    case 'CRISP_TOKEN_KEY':
      return parseCrispToken(OTHER_HALF, text).problems;
    default:
      return name satisfies never;
  }
}

const OTHER_HALF = 'not-looked-at';
