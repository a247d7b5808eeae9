import * as z from 'zod/mini';
import { ConfigError, type ConfigProblem } from '../errors/config-error.ts';
import { findNearestName } from '../text/find-nearest-name.ts';
import { toPrintable } from '../text/to-printable.ts';
import { dropBlanks, type Environment } from './environment.ts';
import { SECRET_VARIABLES } from './secret-variables.ts';
import { isStoredSecretName } from './stored-secrets.ts';
import { RESOURCE_VARIABLES, SUMMARY_VARIABLES, type VariableName, variables } from './variables.ts';

const SETTINGS = z.omit(variables, { ...RESOURCE_VARIABLES, ...SUMMARY_VARIABLES }).shape;
const SETTING_NAMES = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
type SettingName = keyof typeof SETTINGS;

/** Where a stage is deployed to and by whom: read from the file, but no setting of the stack. */
const PLACE_NAMES = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'];
/** Settings of parts that are still to come, as `findUnknownVariables` has them. */
const TOLERATED_NAMES = ['CRISP_DAILY_QUOTA'];

/**
 * Checks what `.env.{stage}` holds. It is meant to be committed, so a secret in it is refused, and so is a name that
 * nobody reads: a misspelt one would be a silent default. Throws `ConfigError` with all problems; no value is shown.
 */
export function checkStageFile(content: Environment, { stage, file }: { stage: string; file: string }): void {
  const known = [...SETTING_NAMES, ...PLACE_NAMES, ...TOLERATED_NAMES];
  const problems = Object.keys(content)
    .filter((name) => !known.includes(name))
    .map((name): ConfigProblem => {
      const variable = `${file}: ${toPrintable(name)}`;
      if (isStoredSecretName(name)) {
        const message = `is a secret: take it out of the file, and enter it with npx crisp-enrich secrets set ${name} --stage ${stage} --region REGION`;
        return { code: 'config_invalid', variable, message };
      }
      if (isSecretName(name)) {
        return {
          code: 'config_invalid',
          variable,
          message: 'is a secret, and no secret belongs in this file',
        };
      }
      const nearest = findNearestName(name, SETTING_NAMES);
      const hint = nearest ? `. Did you mean ${nearest}?` : '';
      return { code: 'config_unknown', variable, message: `is no setting of a stage${hint}` };
    });
  if (problems.length > 0) throw new ConfigError(problems);
}

// KMS_KEY_ARN is a known setting, and never comes here.
function isSecretName(name: string): boolean {
  const isOurs = (SECRET_VARIABLES as readonly string[]).includes(name);
  return isOurs || /SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|(^|_)KEYS?(_|$)/i.test(name);
}

/** The settings that were given, by name and in a fixed order: what the stack records of how it was made. */
export function toGivenSettings(environment: Environment): Record<string, string> {
  const given = dropBlanks(environment);
  const entries = [...SETTING_NAMES].sort().flatMap((name): [string, string][] => {
    const text = given[name]?.trim();
    return text === undefined ? [] : [[name, text]];
  });
  return Object.fromEntries(entries);
}

/** Reads what a stack recorded; undefined where it recorded nothing that can be read. */
export function parseGivenSettings(text: string | undefined): Environment | undefined {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

export interface SettingChange {
  readonly name: string;
  /** Undefined: not set, so the default holds. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Asked for before it is done: it was set and would vanish, or it decides what is served, read, kept or heard. */
  readonly needsConsent: boolean;
}

// A change of one of these takes hooks, records or alarms from whoever relies on them.
const WEIGHTY: readonly VariableName[] = [
  'CRISP_HOOK_MODE',
  'CRISP_TIER',
  'CRISP_WEBSITE_IDS',
  'CRISP_API_URL',
  'ALARM_EMAIL',
  'KMS_KEY_ARN',
  'ARCHIVE_RETENTION_DAYS',
];

/** What a deployment would change in the settings of a stack. Two spellings of one value are no change. */
export function compareSettings(recorded: Environment, next: Environment): SettingChange[] {
  const [from, to] = [toGivenSettings(recorded), toGivenSettings(next)];
  return [...SETTING_NAMES]
    .sort()
    .filter((name) => toMeaning(name, from[name]) !== toMeaning(name, to[name]))
    .map((name) => ({
      name,
      from: from[name],
      to: to[name],
      needsConsent: WEIGHTY.includes(name) || to[name] === undefined,
    }));
}

/** A value as the pipeline reads it, the default included; the text itself where it cannot be read. */
function toMeaning(name: SettingName, text: string | undefined): string {
  const read = z.safeParse(SETTINGS[name], text);
  const value: unknown = read.success ? read.data : text;
  return JSON.stringify(Array.isArray(value) ? [...value].sort() : value) ?? '';
}
