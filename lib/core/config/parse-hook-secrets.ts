import type { ConfigProblem, ConfigProblemCode } from '../errors/config-error.ts';
import { isPlaceholder } from './is-placeholder.ts';

/** Long enough that nobody guesses it: Crisp's own secrets are longer. */
export const MIN_HOOK_SECRET_LENGTH = 16;

/** A key stands in a URL, unsigned, where proxies and people see it, and is all that there is: as `openssl rand -hex 16`. */
export const MIN_URL_KEY_LENGTH = 32;

/** During a rotation the old and the new one, for two environments. */
export const MAX_HOOK_SECRETS = 4;

export interface HookSecretRules {
  /** True in website mode: they are keys of URLs, and signing secrets otherwise. */
  readonly areUrlKeys?: boolean | undefined;
}

export interface HookSecrets {
  /** Only to be used where there are no problems. */
  readonly secrets: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads `CRISP_HOOK_SECRETS`, one to four between commas. A weak one is refused, and its value is in no message. */
export function parseHookSecrets(text: string, { areUrlKeys = false }: HookSecretRules = {}): HookSecrets {
  const secrets = text.split(',');
  const minLength = areUrlKeys ? MIN_URL_KEY_LENGTH : MIN_HOOK_SECRET_LENGTH;
  const problems = secrets.flatMap((secret, index) => {
    const weakness = findWeakness(secret, minLength);
    return weakness ? [toProblem(weakness, index, secrets.length)] : [];
  });
  if (secrets.length > MAX_HOOK_SECRETS) {
    const message = `expected one to ${MAX_HOOK_SECRETS} secrets, found ${secrets.length}`;
    problems.push({ code: 'config_invalid', variable: 'CRISP_HOOK_SECRETS', message });
  }
  return { secrets, problems };
}

function toProblem([code, reason]: Weakness, index: number, count: number): ConfigProblem {
  const which = count === 1 ? 'the secret' : `secret ${index + 1} of ${count}`;
  return { code, variable: 'CRISP_HOOK_SECRETS', message: `${which} ${reason}` };
}

type Weakness = readonly [ConfigProblemCode, string];

/** The most decisive weakness: a placeholder is short as well, but that is not what is wrong with it. */
function findWeakness(secret: string, minLength: number): Weakness | undefined {
  if (secret === '') return ['config_secret_empty', 'is empty'];
  if (/\s/.test(secret)) {
    return ['config_secret_whitespace', 'has white space in it or around it, a line break perhaps'];
  }
  if (isPlaceholder(secret)) return ['config_secret_placeholder', 'is a placeholder'];
  if (secret.length < minLength) {
    const kind =
      minLength === MIN_URL_KEY_LENGTH ? ', as a key in a URL must not be (CRISP_HOOK_MODE=website)' : '';
    return ['config_secret_too_short', `is shorter than ${minLength} characters${kind}`];
  }
  return undefined;
}
