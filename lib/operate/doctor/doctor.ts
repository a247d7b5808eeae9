import { randomUUID } from 'node:crypto';
import { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { watchAwsClock } from '../../aws/clients.ts';
import { readSqsQueueAttributes } from '../../aws/queues.ts';
import type { Clock } from '../../clock.ts';
import type { CrispToken } from '../../config/config.ts';
import { OperationError } from '../../errors.ts';
import { parseSessionId, type WebsiteId } from '../../ids.ts';
import type { ConnectOptions } from '../operations.ts';
import { createOperatorClients, type OperatedStage } from '../stage.ts';
import { attempt, examineQueues, type Finding, judgeClock, judgeNode, readInfraQueues } from './checks.ts';
import { examineCrisp, examineCrispAccess } from './crisp.ts';
import { createSqsScratchQueues, observeDeduplication } from './deduplication.ts';
import { type Observation, observeCrisp } from './observe.ts';
import {
  askHook,
  judgeAlarmReceivers,
  judgeHookAnswer,
  judgeServedWebsites,
  readAlarmReceivers,
} from './reach.ts';
import { type CrispSetup, findSetup, type Setup } from './setup.ts';
import { type CrispSurvey, createCallBudget, createCrispSurvey } from './survey.ts';

export interface Doctor {
  /** Looks at everything, and changes nothing. */
  examine(): Promise<readonly Finding[]>;
  /** Asks Crisp and SQS what no document says; makes a queue and deletes it. Rejects with `OperationError`. */
  observe(): Promise<LiveLook>;
  /** Closes the connections. */
  close(): void;
}

/** A doctor for local mode or a stage. */
export async function openDoctor(options: ConnectOptions): Promise<Doctor> {
  const setup = await findSetup(options);
  const clients = setup.stage && createOperatorClients(setup.stage);
  const { clock } = options;
  const sqs = clients?.sqs;
  return {
    examine: () => examineSetup(setup, { nodeVersion: process.versions.node, sqs, clock }),
    observe: () => observeSetup(setup, { sqs, clock }),
    close: () => clients?.destroy(),
  };
}

interface ExamineOptions {
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
      ? [judgeServedWebsites(setup.crisp.config, setup.stage.stage)]
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
  const { config, token, isLocal = false } = crisp;
  const { crispApiUrl: baseUrl, crispTier: tier, websiteIds, include } = config;
  const common = { baseUrl, token, clock, budget: createCallBudget(MAX_CALLS) };
  const survey = createCrispSurvey({ ...common, tier });
  const otherTier = createCrispSurvey({ ...common, tier: tier === 'plugin' ? 'website' : 'plugin' });
  try {
    return await examineCrisp({ survey, otherTier, tier, websiteIds, include, isLocal });
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

/** What a live look costs at most, in requests to Crisp. */
export const MAX_LIVE_CALLS = 20;

interface LiveLook {
  readonly observations: readonly Observation[];
  /** Requests that Crisp got. */
  readonly calls: number;
}

interface ObserveOptions {
  /** Of the stage that was found; undefined: the queue is not tried. */
  readonly sqs: SQSClient | undefined;
  readonly clock: Clock;
  /** See `createSqsScratchQueues`. */
  readonly waitSeconds?: number;
}

/**
 * Asks Crisp and SQS what no document says. Rejects with `OperationError`: `crisp_unusable` where no website can be asked
 * about, or what AWS refuses.
 */
export async function observeSetup(setup: Setup, options: ObserveOptions): Promise<LiveLook> {
  const { sqs, clock, waitSeconds } = options;
  if (!setup.crisp) throw toUnusable('there is no token to ask it with');
  const { observations, calls } = await observeCrispSetup(setup.crisp, clock);
  if (!sqs) return { observations, calls };
  const endpoint = setup.stage?.endpoints?.sqs;
  const queues = createSqsScratchQueues(sqs, { endpoint, ...(waitSeconds !== undefined && { waitSeconds }) });
  return { observations: [...observations, await observeDeduplication({ queues, clock })], calls };
}

async function observeCrispSetup(crisp: CrispSetup, clock: Clock): Promise<LiveLook> {
  const { config, token } = crisp;
  const { crispApiUrl: baseUrl, crispTier: tier } = config;
  const budget = createCallBudget(MAX_LIVE_CALLS);
  const common = { baseUrl, tier, clock, budget };
  const survey = createCrispSurvey({ ...common, token });
  const strangerSurvey = createCrispSurvey({ ...common, token: toStranger(token) });
  try {
    const websiteId = await findWebsite(config, survey, strangerSurvey);
    const missingSessionId = parseSessionId(`session_${randomUUID()}`);
    if (!missingSessionId) throw new TypeError('a made-up session id is none');
    const observations = await observeCrisp({ survey, strangerSurvey, tier, websiteId, missingSessionId });
    return { observations, calls: budget.spent };
  } finally {
    await Promise.all([survey.close(), strangerSurvey.close()]);
  }
}

/** The same identifier with another key: nobody's token. */
function toStranger({ identifier }: CrispToken): CrispToken {
  return { identifier, key: randomUUID().replaceAll('-', '').repeat(2) };
}

async function findWebsite(
  { crispTier: tier, websiteIds }: CrispSetup['config'],
  survey: CrispSurvey,
  otherTier: CrispSurvey,
): Promise<WebsiteId> {
  const access = await examineCrispAccess({ survey, otherTier, tier, websiteIds: websiteIds.slice(0, 1) });
  const [websiteId] = access.websiteIds;
  if (websiteId !== undefined) return websiteId;
  const problem = access.findings.find(({ state }) => state !== 'ok');
  throw toUnusable(problem?.message ?? 'no website answers');
}

function toUnusable(reason: string): OperationError {
  return new OperationError(
    'crisp_unusable',
    `Crisp cannot be looked at: ${reason}; run doctor without --live`,
  );
}
