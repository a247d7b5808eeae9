import { fileURLToPath } from 'node:url';
import { CloudFormationClient, type Stack } from '@aws-sdk/client-cloudformation';
import { parseStage, runCommand } from './deploying/command.ts';
import { adoptKeptData, findKeptData } from './deploying/kept-data.ts';
import { agreeOnSettings, formatNextSteps } from './deploying/report.ts';
import {
  outputOf,
  prepareTarget,
  readAccount,
  readStack,
  requireConcurrency,
  requireCrispToken,
  settleStack,
  type Target,
} from './deploying/stack.ts';
import { runOsls, writeArtifacts } from './packaging/package-service.ts';

// `npm run deploy -- --stage S`: everything that can be wrong on this side is found before anything is created.
const root = fileURLToPath(new URL('..', import.meta.url));

await runCommand(async () => {
  const words = parseStage(process.argv.slice(2), { flags: ['yes'] });
  const target = await prepareTarget(root, words);
  const hasHookSecret = await requireCrispToken(target);
  await requireConcurrency(target);
  const client = new CloudFormationClient({ region: target.region });
  try {
    const stack = await settleStack(client, target);
    await agreeOnSettings(target, {
      recorded: outputOf(stack, 'Settings'),
      hasStack: outputOf(stack, 'WebhookUrl') !== undefined,
      isAgreed: words.flags.has('yes'),
    });
    await adopt(client, target, stack);
    await writeArtifacts({ root });
    await runOsls(['deploy', ...target.options], { root, output: 'inherit' });
    printResult(target, await readStack(client, target.stackName), hasHookSecret);
  } finally {
    client.destroy();
  }
});

/** Archive and ledger that an earlier stack left would stop this one at its creation of them. */
async function adopt(client: CloudFormationClient, target: Target, stack: Stack | undefined): Promise<void> {
  if (outputOf(stack, 'ArchiveBucketName') !== undefined) return;
  const kept = await findKeptData(target, await readAccount(target));
  const names = [kept.bucket, kept.table].filter((name) => name !== undefined);
  if (names.length === 0) return;
  console.log(
    `Kept from an earlier deployment, and taken into this one as it is: ${names.join(', ')}.\n` +
      `To begin without it instead: npm run remove -- ${target.options.join(' ')} --delete-data`,
  );
  await adoptKeptData(client, target.stackName, { kept, hasStack: stack !== undefined });
}

function printResult(
  { stage, region, given }: Target,
  stack: Stack | undefined,
  hasHookSecret: boolean,
): void {
  const outputs = stack?.Outputs?.filter(({ OutputKey }) => OutputKey !== 'Settings') ?? [];
  console.log(
    ['', ...outputs.map(({ OutputKey, OutputValue }) => `${OutputKey}: ${OutputValue}`)].join('\n'),
  );
  console.log(
    formatNextSteps({
      stage,
      region,
      webhookUrl: outputOf(stack, 'WebhookUrl') ?? 'see the output WebhookUrl of the stack',
      hookMode: given.CRISP_HOOK_MODE?.toLowerCase() === 'website' ? 'website' : 'plugin',
      hasHookSecret,
      alarmEmail: given.ALARM_EMAIL ?? '',
      alarmTopicArn: outputOf(stack, 'AlarmTopicArn') ?? 'ARN-OF-THE-ALARM-TOPIC',
      websiteIds: given.CRISP_WEBSITE_IDS ?? '',
    }),
  );
}
