import type { HookMode } from '../../lib/core/config/config.ts';

export interface DeployedStage {
  readonly stage: string;
  readonly region: string;
  readonly webhookUrl: string;
  readonly hookMode: HookMode;
  readonly hasHookSecret: boolean;
}

/** What is left to do after a deployment, which is nothing where the hook's secret is already there. */
export function formatNextSteps(deployed: DeployedStage): string {
  const { stage, region, webhookUrl, hookMode, hasHookSecret } = deployed;
  const options = `--stage ${stage} --region ${region}`;
  const check = `Check it: npx crisp-enrich doctor ${options}`;
  const url = `\nHook URL: ${webhookUrl}`;
  if (hasHookSecret) return `${url}\n${check}`;
  const [entry, secret] = HOOKS[hookMode];
  return [
    url,
    'Until the hook secret exists the webhook answers 503 config_unavailable and queues nothing. Next:',
    `  1. ${entry}`,
    `  2. Enter ${secret}: npx crisp-enrich secrets set CRISP_HOOK_SECRETS ${options}`,
    `  3. ${check}`,
  ].join('\n');
}

const HOOKS: Readonly<Record<HookMode, readonly [string, string]>> = {
  plugin: [
    'At Crisp, enter the hook URL in the settings of your plugin; Crisp then shows a signing secret.',
    'that signing secret',
  ],
  website: [
    'At Crisp, enter the hook URL with ?key=KEY behind it as a web hook of your workspace, KEY being 16 random characters or more.',
    'the same KEY',
  ],
};
