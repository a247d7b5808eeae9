import { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { createCallBudget } from '../../adapters/crisp/call-budget.ts';
import { createCrispSurvey } from '../../adapters/crisp/create-crisp-survey.ts';
import { readInfraQueues } from '../../adapters/infra-queues.ts';
import { readSqsQueueAttributes } from '../../adapters/sqs/sqs-queue-attributes.ts';
import { askHook, readAlarmReceivers } from '../../adapters/stage-reach.ts';
import { watchAwsClock } from '../../adapters/watch-aws-clock.ts';
import type { Finding } from '../../core/doctor/finding.ts';
import { judgeClock } from '../../core/doctor/judge-clock.ts';
import { judgeNode } from '../../core/doctor/judge-node.ts';
import { judgeAlarmReceivers, judgeHookAnswer, judgeServedWebsites } from '../../core/doctor/judge-reach.ts';
import type { OperatedStage } from '../../core/operated-stage.ts';
import type { Clock } from '../../ports/clock.ts';
import { createExamineCrisp } from '../../use-cases/doctor/examine-crisp.ts';
import { examineQueues } from '../../use-cases/doctor/examine-queues.ts';
import { attempt } from './attempt.ts';
import type { CrispSetup, Setup } from './setup.ts';

export interface ExamineOptions {
  /** As in `process.versions.node`. */
  readonly nodeVersion: string;
  /** Of the stage that was found. */
  readonly sqs: SQSClient | undefined;
  readonly clock: Clock;
}

/** Everything that can be found out about a set-up without changing anything. */
export async function examineSetup(setup: Setup, options: ExamineOptions): Promise<Finding[]> {
  const { nodeVersion, sqs, clock } = options;
  const onQueues = sqs && setup.stage ? await examineStageQueues({ ...setup, sqs, clock }) : [];
  const onCrisp = setup.crisp ? await examineCrispSetup(setup.crisp, clock) : [NO_CRISP];
  const onReach = setup.stage && !setup.stage.endpoints ? await examineReach(setup.stage) : [];
  const served =
    setup.crisp && setup.stage && !setup.stage.endpoints
      ? [judgeServedWebsites(setup.crisp, setup.stage.stage)]
      : [];
  return [judgeNode(nodeVersion), ...setup.findings, ...onReach, ...onQueues, ...served, ...onCrisp];
}

/** From Crisp to our code, and from our alarms to a person. */
async function examineReach(stage: OperatedStage): Promise<readonly Finding[]> {
  const { webhookUrl, alarmTopicArn, region } = stage;
  const options = `--stage ${stage.stage} --region ${region}`;
  const hook = webhookUrl === undefined ? [] : [judgeHookAnswer(await askHook(webhookUrl), options)];
  if (alarmTopicArn === undefined) return hook;
  const sns = new SNSClient({ region });
  try {
    const { value, findings } = await attempt('alarms', () => readAlarmReceivers(sns, alarmTopicArn));
    return [...hook, ...(value ? [judgeAlarmReceivers(value, stage.stage)] : findings)];
  } finally {
    sns.destroy();
  }
}

const NO_CRISP: Finding = { check: 'Crisp', state: 'skipped', message: 'there is no token to ask it with' };

// Far more than the routes that are tried; an allow-list of many websites adds one for each.
const MAX_CALLS = 200;

async function examineCrispSetup(crisp: CrispSetup, clock: Clock): Promise<readonly Finding[]> {
  const { baseUrl, token, tier, websiteIds, include, isLocal = false } = crisp;
  const common = { baseUrl, token, clock, budget: createCallBudget(MAX_CALLS) };
  const survey = createCrispSurvey({ ...common, tier });
  const otherTier = createCrispSurvey({ ...common, tier: tier === 'plugin' ? 'website' : 'plugin' });
  try {
    return await createExamineCrisp({ survey, otherTier, tier, websiteIds, include, isLocal })();
  } finally {
    await Promise.all([survey.close(), otherTier.close()]);
  }
}

async function examineStageQueues({
  stage,
  settings,
  sqs,
  clock,
}: Setup & { readonly sqs: SQSClient; readonly clock: Clock }): Promise<Finding[]> {
  if (!stage || !settings) return [];
  const expected = await readInfraQueues(settings);
  const readSample = watchAwsClock(sqs, clock);
  const isLocal = stage.endpoints !== undefined;
  const findings = await examineQueues({
    isLocal,
    expected: (name) => expected.get(name),
    readAttributes: (name) => readSqsQueueAttributes(sqs, stage.queues[name]),
  });
  // The embedded services share this machine's clock.
  return isLocal ? findings : [...findings, judgeClock('AWS', readSample())];
}
