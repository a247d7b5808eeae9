import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { readCloudFormationStage, type StageName } from '../../adapters/cloudformation-stage.ts';
import { createLambdaFacts, type LambdaFacts } from '../../adapters/lambda-facts.ts';
import { createSsmSecretStore } from '../../adapters/secrets/ssm-secret-store.ts';
import type { ConsumerConfig, CrispToken } from '../../core/config/config.ts';
import type { Environment } from '../../core/config/environment.ts';
import { parseConsumerConfig } from '../../core/config/parse-consumer-config.ts';
import { parseWebhookConfig } from '../../core/config/parse-webhook-config.ts';
import { STORED_SECRETS, toSecretsPath } from '../../core/config/stored-secrets.ts';
import { toInfraSettings } from '../../core/config/to-infra-settings.ts';
import type { Finding } from '../../core/doctor/finding.ts';
import { judgeConcurrency } from '../../core/doctor/judge-concurrency.ts';
import { judgeHookMode } from '../../core/doctor/judge-hook-mode.ts';
import { judgeSecret } from '../../core/doctor/judge-secret.ts';
import type { Clock } from '../../ports/clock.ts';
import { attempt } from './attempt.ts';
import { readStageToken } from './read-stage-token.ts';
import type { CrispSetup, Setup } from './setup.ts';

export interface AwsDoctorClients {
  readonly cloudFormation: CloudFormationClient;
  readonly lambda: LambdaClient;
  readonly ssm: SSMClient;
}

/** Finds how a stage on AWS is set up: as it is deployed, not as this shell would deploy it. */
export async function findAwsSetup(clients: AwsDoctorClients, name: StageName, clock: Clock): Promise<Setup> {
  const stage = await attempt('stack', () => readCloudFormationStage(clients.cloudFormation, name));
  const secrets = await examineSecrets(clients.ssm, name);
  if (!stage.value) {
    return {
      stage: undefined,
      settings: undefined,
      crisp: undefined,
      findings: [...stage.findings, ...secrets],
    };
  }
  const found: Finding = {
    check: 'stack',
    state: 'ok',
    message: `crisp-enrich-${name.stage} in ${name.region}, with the credentials found`,
  };
  const functions = await examineFunctions(createLambdaFacts(clients.lambda), name.stage);
  const { config, settings } = functions;
  const token = await attempt('token and tier', () =>
    readStageToken(clients.ssm, { stage: name.stage, clock }),
  );
  return {
    stage: stage.value,
    settings,
    crisp: config && token.value && toCrispSetup(config, token.value),
    findings: [found, ...functions.findings, ...secrets, ...token.findings],
  };
}

async function examineSecrets(ssm: SSMClient, { stage, region }: StageName): Promise<readonly Finding[]> {
  const { value, findings } = await attempt('secrets', () =>
    createSsmSecretStore(ssm, toSecretsPath(stage)).list(),
  );
  if (!value) return findings;
  return STORED_SECRETS.map((name) =>
    judgeSecret({ name, stage, region, stored: value.find((secret) => secret.name === name) }),
  );
}

async function examineFunctions(lambda: LambdaFacts, stage: string) {
  const [webhookName, consumerName] = [`crisp-enrich-${stage}-webhook`, `crisp-enrich-${stage}-consumer`];
  const webhook = await attempt('configuration', async () =>
    parseWebhookConfig(asInside(webhookName, await lambda.environmentOf(webhookName))),
  );
  const consumer = await attempt('configuration', async () => {
    const environment = await lambda.environmentOf(consumerName);
    const settings = toInfraSettings(environment, { isLocal: false, archiveBucketSuffix: '' });
    return { config: parseConsumerConfig(asInside(consumerName, environment)), settings };
  });
  const problems = [...webhook.findings, ...consumer.findings];
  const settings = consumer.value?.settings;
  const limits = settings && (await examineLimits(lambda, settings.consumerConcurrency));
  return {
    config: consumer.value?.config,
    settings,
    findings: [
      ...(problems.length > 0 ? problems : [SOUND]),
      ...(webhook.value ? [judgeHookMode(webhook.value.hookMode)] : []),
      ...(limits ?? []),
    ],
  };
}

/** With the variable that Lambda sets itself: by it the rules for AWS are chosen. */
function asInside(functionName: string, environment: Environment): Environment {
  return { ...environment, AWS_LAMBDA_FUNCTION_NAME: functionName };
}

const SOUND: Finding = {
  check: 'configuration',
  state: 'ok',
  message: 'webhook and consumer can read every variable',
};

async function examineLimits(lambda: LambdaFacts, concurrency: number): Promise<readonly Finding[]> {
  const { value, findings } = await attempt('account limits', () => lambda.concurrency());
  return value ? [judgeConcurrency(value, concurrency)] : findings;
}

function toCrispSetup(config: ConsumerConfig, token: CrispToken): CrispSetup {
  const { crispApiUrl: baseUrl, crispTier: tier, websiteIds, include } = config;
  return { baseUrl, tier, token, websiteIds, include };
}
