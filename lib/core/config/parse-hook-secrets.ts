import type { ConfigProblem, ConfigProblemCode } from '../errors/config-error.ts';
import { isPlaceholder } from './is-placeholder.ts';

/** Long enough that nobody guesses it: Crisp's own secrets are longer. */
export const MIN_HOOK_SECRET_LENGTH = 16;

/** During a rotation the old and the new one, for two environments. */
export const MAX_HOOK_SECRETS = 4;

export interface HookSecrets {
  /** Only to be used where there are no problems. */
  readonly secrets: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads `CRISP_HOOK_SECRETS`, one to four between commas. A weak one is refused, and its value is in no message. */
export function parseHookSecrets(text: string): HookSecrets {
  const secrets = text.split(',');
  const problems = secrets.flatMap((secret, index) => toProblem(secret, index, secrets.length));
  if (secrets.length > MAX_HOOK_SECRETS) {
    const message = `expected one to ${MAX_HOOK_SECRETS} secrets, found ${secrets.length}`;
    problems.push({ code: 'config_invalid', variable: 'CRISP_HOOK_SECRETS', message });
  }
  return { secrets, problems };
}

function toProblem(secret: string, index: number, count: number): ConfigProblem[] {
  const weakness = findWeakness(secret);
  if (!weakness) return [];
  const which = count === 1 ? 'the secret' : `secret ${index + 1} of ${count}`;
  const [code, reason] = weakness;
  return [{ code, variable: 'CRISP_HOOK_SECRETS', message: `${which} ${reason}` }];
}

/** The most decisive weakness: a placeholder is short as well, but that is not what is wrong with it. */
function findWeakness(secret: string): readonly [ConfigProblemCode, string] | undefined {
  if (secret === '') return ['config_secret_empty', 'is empty'];
  if (/\s/.test(secret)) {
    return ['config_secret_whitespace', 'has white space in it or around it, a line break perhaps'];
  }
  if (isPlaceholder(secret)) return ['config_secret_placeholder', 'is a placeholder'];
  if (secret.length < MIN_HOOK_SECRET_LENGTH) {
    return ['config_secret_too_short', `is shorter than ${MIN_HOOK_SECRET_LENGTH} characters`];
  }
  return undefined;
}
