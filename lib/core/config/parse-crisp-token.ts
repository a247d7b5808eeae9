import type { ConfigProblem, ConfigProblemCode } from '../errors/config-error.ts';
import type { CrispToken } from './config.ts';
import { isPlaceholder } from './is-placeholder.ts';

export interface ParsedCrispToken {
  /** Undefined where there is none, or a half. */
  readonly token: CrispToken | undefined;
  readonly problems: readonly ConfigProblem[];
}

type TokenVariable = 'CRISP_TOKEN_IDENTIFIER' | 'CRISP_TOKEN_KEY';

/** Reads the keypair of a token; half of one is a problem, none is not. The values are in no message. */
export function parseCrispToken(identifier = '', key = ''): ParsedCrispToken {
  if (identifier === '' && key === '') return { token: undefined, problems: [] };
  const problems = [
    ...findProblem('CRISP_TOKEN_IDENTIFIER', identifier),
    ...findProblem('CRISP_TOKEN_KEY', key),
  ];
  return { token: problems.length === 0 ? { identifier, key } : undefined, problems };
}

function findProblem(variable: TokenVariable, text: string): ConfigProblem[] {
  const weakness = findWeakness(variable, text);
  return weakness ? [{ variable, code: weakness[0], message: weakness[1] }] : [];
}

function findWeakness(
  variable: TokenVariable,
  text: string,
): readonly [ConfigProblemCode, string] | undefined {
  if (text === '') return ['config_missing', 'is missing, while the other half of the token is there'];
  if (/\s/.test(text)) return ['config_secret_whitespace', 'has white space in it or around it'];
  if (isPlaceholder(text)) return ['config_secret_placeholder', 'is a placeholder'];
  // Basic authentication ends the user name at the first colon.
  if (variable === 'CRISP_TOKEN_IDENTIFIER' && text.includes(':'))
    return ['config_invalid', 'has a colon in it'];
  return undefined;
}
