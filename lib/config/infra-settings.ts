import * as z from 'zod/mini';
import { ConfigError, type ConfigProblem } from '../errors.ts';
import { findNearestName, toPrintable } from '../text.ts';
import { dropBlanks, type Environment, SECRET_VARIABLES } from './config.ts';
import { LOCAL_DEFAULTS } from './local-config.ts';
import { parseEnvironment } from './parse.ts';
import { isStoredSecretName } from './secrets.ts';
import {
  RESOURCE_VARIABLES,
  SUMMARY_VARIABLES,
  TEMPLATE_VARIABLES,
  type VariableName,
  variables,
} from './variables.ts';

/** What the infra files call `${self:custom.settings.NAME}`. A type alias, so that it can be looked up by name. */
export type InfraSettings = {
  /** Delay of the sessions queue: one bucket and its margin. */
  readonly sessionsDelaySeconds: number;
  /** MaximumConcurrency of the consumer's event source mapping. */
  readonly consumerConcurrency: number;
  readonly archiveBucketSuffix: string;
  readonly archiveRetentionDays: number;
  /** Empty: nobody. */
  readonly alarmEmail: string;
  /** 0: no such alarm. */
  readonly noHooksAlarmHours: number;
  readonly reconcileEveryMinutes: number;
  /** Which file of infra/encryption/ is laid over the others. */
  readonly encryption: 'managed-keys' | 'own-key';
  /** Empty with managed keys. */
  readonly kmsKeyArn: string;
  /** Reserved for the API: it may take no more of Crisp's rate than its share. 0: it is switched off. */
  readonly apiConcurrency: number;
  /** Absent: the webhook takes from what the account has unreserved. */
  readonly webhookReservedConcurrency?: number;
};

interface InfraTarget {
  /** Local mode has its own defaults. */
  readonly isLocal: boolean;
  /** Bucket names are global, so on AWS this must be the stack's own. */
  readonly archiveBucketSuffix: string;
}

const deployedVariables = z.omit(variables, { ...RESOURCE_VARIABLES, ...SUMMARY_VARIABLES });

/**
 * The numbers of the infra files, computed from the variables that the functions read, so that neither can differ from
 * the other. Checks all variables but secrets and resources, and throws `ConfigError` with all problems.
 */
export function toInfraSettings(
  environment: Environment,
  { isLocal, archiveBucketSuffix }: InfraTarget,
): InfraSettings {
  const { values } = parseEnvironment(
    { ...(isLocal && LOCAL_DEFAULTS), ...withoutSecrets(dropBlanks(environment)) },
    deployedVariables,
    {},
  );
  if (!isLocal) {
    refuseThinMargin(values.COALESCE_MARGIN_SECONDS);
    refuseAnyWebsite(values);
  }
  return {
    sessionsDelaySeconds: values.COALESCE_SECONDS + values.COALESCE_MARGIN_SECONDS,
    consumerConcurrency: values.CONSUMER_CONCURRENCY,
    apiConcurrency: values.API_CONCURRENCY,
    archiveBucketSuffix,
    archiveRetentionDays: values.ARCHIVE_RETENTION_DAYS,
    alarmEmail: values.ALARM_EMAIL,
    noHooksAlarmHours: values.NO_HOOKS_ALARM_HOURS,
    reconcileEveryMinutes: values.RECONCILE_EVERY_MINUTES,
    encryption: values.KMS_KEY_ARN === '' ? 'managed-keys' : 'own-key',
    kmsKeyArn: values.KMS_KEY_ARN,
    ...(values.WEBHOOK_RESERVED_CONCURRENCY > 0 && {
      webhookReservedConcurrency: values.WEBHOOK_RESERVED_CONCURRENCY,
    }),
  };
}

// Webhook clocks may differ by half the margin, and Crisp's cache needs some time to forget.
const LEAST_DEPLOYED_MARGIN_SECONDS = 10;

function refuseThinMargin(marginSeconds: number): void {
  if (marginSeconds >= LEAST_DEPLOYED_MARGIN_SECONDS) return;
  const message = `expected at least ${LEAST_DEPLOYED_MARGIN_SECONDS} on AWS, found ${marginSeconds}`;
  throw new ConfigError([{ code: 'config_invalid', variable: 'COALESCE_MARGIN_SECONDS', message }]);
}

/** A website hook is not signed: only the list tells which website may be fetched for it. */
function refuseAnyWebsite({
  CRISP_HOOK_MODE: mode,
  CRISP_WEBSITE_IDS: ids,
}: Pick<z.output<typeof deployedVariables>, 'CRISP_HOOK_MODE' | 'CRISP_WEBSITE_IDS'>): void {
  if (mode !== 'website' || ids.length > 0) return;
  const message = 'expected the ids of the websites that are served, for CRISP_HOOK_MODE is website';
  throw new ConfigError([{ code: 'config_missing', variable: 'CRISP_WEBSITE_IDS', message }]);
}

/** Whoever deploys may have secrets of their own machine around them: they are neither checked nor passed on. */
function withoutSecrets(environment: Environment): Environment {
  const secrets: readonly string[] = SECRET_VARIABLES;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secrets.includes(name)));
}

const PLAIN_VARIABLES = Object.keys(
  z.omit(variables, { ...RESOURCE_VARIABLES, ...SUMMARY_VARIABLES, ...TEMPLATE_VARIABLES }).shape,
);

/**
 * The variables of whoever deploys that the functions get as their own: those that are set, and are neither secrets nor
 * resources nor for the template alone. What is not set stays with the code's default.
 */
export function toFunctionEnvironment(environment: Environment): Record<string, string> {
  const given = dropBlanks(environment);
  return Object.fromEntries(
    PLAIN_VARIABLES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name].trim()]])),
  );
}

const SETTINGS = z.omit(variables, { ...RESOURCE_VARIABLES, ...SUMMARY_VARIABLES }).shape;
const SETTING_NAMES = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
type SettingName = keyof typeof SETTINGS;

/** Where a stage is deployed to and by whom: read from the file, but no setting of the stack. */
const PLACE_NAMES = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'];

const SETS_OR_SAYS = /^\s*(?:#.*|(?:export\s+)?[^\s=]+\s*=.*)?$/;

interface StageFile {
  readonly stage: string;
  /** Its name. */
  readonly file: string;
  readonly text: string;
  /** What the text sets. */
  readonly content: Environment;
}

/**
 * Checks what `.env.{stage}` holds. It is meant to be committed, so a secret in it is refused, and so is a name that
 * nobody reads, or a line that sets nothing: either would be a silent default. Throws `ConfigError` with all problems; no
 * value is shown.
 */
export function checkStageFile({ stage, file, text, content }: StageFile): void {
  const known = [...SETTING_NAMES, ...PLACE_NAMES];
  const lineProblems = text.split(/\r?\n/).flatMap((line, index): ConfigProblem[] => {
    if (SETS_OR_SAYS.test(line)) return [];
    const message = 'is no NAME=value and no # comment';
    return [{ code: 'config_invalid', variable: `${file}: line ${index + 1}`, message }];
  });
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
  problems.push(...lineProblems);
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
  'NO_HOOKS_ALARM_HOURS',
  'KMS_KEY_ARN',
  'ARCHIVE_RETENTION_DAYS',
  'ON_REMOVED',
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
