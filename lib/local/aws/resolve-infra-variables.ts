import type { InfraContext } from './infra-context.ts';
import { InfraError } from './infra-error.ts';

const SETTING = /^self:custom\.settings\.(\w+)$/;

// `${AWS::Region}` and `${Name}` belong to Fn::Sub and stay; a variable of the framework is `${source:…}`.
const VARIABLE = /\$\{([a-z]+:(?!:)[^{}]*)\}/g;

/**
 * Replaces the framework's variables in a text: `${sls:stage}`, `${aws:region}`, `${aws:accountId}` and
 * `${self:custom.settings.NAME}`. A text that is one variable alone becomes its value with its type, so a number stays
 * a number. Throws `InfraError` for a setting that is not given, and for any other variable.
 */
export function resolveInfraVariables(text: string, context: InfraContext): string | number | boolean {
  const [only] = text.matchAll(VARIABLE);
  if (only?.[0] === text && only[1] !== undefined) return toValue(only[1], context);
  return text.replace(VARIABLE, (_match, variable: string) => String(toValue(variable, context)));
}

function toValue(variable: string, { stage, settings, region, accountId }: InfraContext) {
  if (variable === 'sls:stage') return stage;
  if (variable === 'aws:region') return region;
  if (variable === 'aws:accountId') return accountId;

  const setting = SETTING.exec(variable)?.[1];
  if (setting === undefined) {
    throw new InfraError('infra_variable_unknown', `Local mode does not know the variable ${variable}`);
  }
  const value = Object.hasOwn(settings, setting) ? settings[setting] : undefined;
  if (value === undefined) {
    throw new InfraError('infra_setting_missing', `The infra files need a setting named ${setting}`);
  }
  return value;
}
