import type { HookMode } from '../../lib/config/config.ts';
import { compareSettings, parseGivenSettings, type SettingChange } from '../../lib/config/infra-settings.ts';
import { askPerson, UsageError } from './command.ts';
import type { Target } from './stack.ts';

export interface ConsentOptions {
  /** What the stack recorded; undefined for a stack that is still to be made. */
  readonly recorded: string | undefined;
  readonly hasStack: boolean;
  /** `--yes`. */
  readonly isAgreed: boolean;
  readonly ask?: typeof askPerson;
}

/**
 * Shows what a deployment would change in the settings of a stack, and asks where something that matters changes or
 * vanishes. Throws `UsageError` where nobody agrees.
 */
export async function agreeOnSettings(
  { stage, given, notInFile }: Pick<Target, 'stage' | 'given' | 'notInFile'>,
  { recorded, hasStack, isAgreed, ask = askPerson }: ConsentOptions,
): Promise<void> {
  if (notInFile.length > 0) {
    console.log(`Set in this shell and not in .env.${stage}: ${notInFile.join(', ')}.`);
  }
  if (!hasStack) return;
  const known = parseGivenSettings(recorded);
  if (!known) console.log('The stack has not recorded what it was made with; defaults are assumed.');
  const changes = compareSettings(known ?? {}, given);
  if (changes.length === 0) return;
  console.log(formatChanges(stage, changes));
  if (isAgreed || !changes.some(({ needsConsent }) => needsConsent)) return;
  const answer = await ask('Deploy with these settings? [y/N] ');
  if (answer !== undefined && /^y(es)?$/i.test(answer)) return;
  throw new UsageError(
    `Nothing was changed. Put what is missing into .env.${stage}, or deploy with --yes to take the settings as they are.`,
  );
}

/** The difference, a line for each setting; `!` marks those that are asked for. */
function formatChanges(stage: string, changes: readonly SettingChange[]): string {
  const lines = changes.map(({ name, from, to, needsConsent }) => {
    const mark = needsConsent ? '!' : ' ';
    return `${mark} ${name}: ${from ?? '(default)'} -> ${to ?? '(default)'}`;
  });
  return [`Settings of stage ${stage} that this deployment changes:`, ...lines].join('\n');
}

export interface DeployedStage {
  readonly stage: string;
  readonly region: string;
  readonly webhookUrl: string;
  readonly hookMode: HookMode;
  readonly hasHookSecret: boolean;
  readonly alarmEmail: string;
  readonly alarmTopicArn: string;
  /** Empty: all that the token may read. */
  readonly websiteIds: string;
}

/** The hook's URL, what is left to do, and what nobody would notice until it is too late. */
export function formatNextSteps(deployed: DeployedStage): string {
  const { stage, region, webhookUrl, hookMode, hasHookSecret } = deployed;
  const options = `--stage ${stage} --region ${region}`;
  const check = `Check it: npx crisp-enrich doctor ${options}`;
  const [entry, secret] = HOOKS[hookMode];
  const steps = hasHookSecret
    ? [check]
    : [
        'Until the hook secret exists the webhook answers 503 config_unavailable and queues nothing. Next:',
        `  1. ${entry}`,
        `  2. Enter ${secret}: npx crisp-enrich secrets set CRISP_HOOK_SECRETS ${options}`,
        `  3. ${check}`,
      ];
  return [`\nHook URL: ${webhookUrl}`, ...steps, ...formatWarnings(deployed)].join('\n');
}

function formatWarnings({
  stage,
  region,
  alarmEmail,
  alarmTopicArn,
  websiteIds,
  hookMode,
}: DeployedStage): string[] {
  const warnings: string[] = [];
  if (alarmEmail === '') {
    warnings.push(
      `Warning: alarms reach nobody. Set ALARM_EMAIL in .env.${stage} and deploy again, or subscribe a receiver: ` +
        `aws sns subscribe --region ${region} --topic-arn ${alarmTopicArn} --protocol email --notification-endpoint ADDRESS`,
    );
  } else {
    warnings.push(`AWS mails ${alarmEmail} to confirm; until that is done alarms reach nobody.`);
  }
  if (websiteIds === '' && hookMode === 'plugin') {
    warnings.push(
      'Warning: CRISP_WEBSITE_IDS is empty, so every website that installs the plugin is served on your quota and kept ' +
        `in your archive. List yours in .env.${stage} and deploy again.`,
    );
  }
  return warnings;
}

const HOOKS: Readonly<Record<HookMode, readonly [string, string]>> = {
  plugin: [
    'At Crisp, enter the hook URL in the settings of your plugin; Crisp then shows a signing secret.',
    'that signing secret',
  ],
  website: [
    'At Crisp, enter the hook URL with ?key=KEY behind it as a web hook of your workspace; make the KEY with: openssl rand -hex 32',
    'the same KEY',
  ],
};
