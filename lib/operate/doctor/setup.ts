import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { toAwsOperationError } from '../../aws/failures.ts';
import type { ReadSsmParameter } from '../../aws/parameters.ts';
import type { Clock } from '../../clock.ts';
import type { ConsumerConfig, CrispToken, Environment } from '../../config/config.ts';
import { type InfraSettings, toInfraSettings } from '../../config/infra-settings.ts';
import { loadLocalEnvironment } from '../../config/load.ts';
import { type LocalConfig, parseLocalConfig } from '../../config/local-config.ts';
import { parseConsumerConfig, parseWebhookConfig } from '../../config/parse.ts';
import { createSsmSecrets } from '../../config/secret-reader.ts';
import { createSsmSecretStore } from '../../config/secret-store.ts';
import { DEMO_TOKEN, STORED_SECRETS, toSecretsPath } from '../../config/secrets.ts';
import type { CountedCrispConfig } from '../../crisp/open-crisp.ts';
import { ConfigError } from '../../errors.ts';
import { isLoopbackUrl } from '../../text.ts';
import { readCloudFormationStage, type StageName } from '../deployed-stage.ts';
import { readLocalModeHealth } from '../local-stage.ts';
import type { ConnectOptions } from '../operations.ts';
import { compareSettings, type LocalSettings, type OperatedStage, toLocalSettings } from '../stage.ts';
import {
  type AccountConcurrency,
  attempt,
  type Finding,
  judgeConcurrency,
  judgeHookMode,
  judgeSecret,
} from './checks.ts';

const TIMES = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 15_000, throwOnRequestTimeout: true },
};

/** Finds the set-up of local mode, or of a stage on AWS. What is wrong with it is among its findings. */
export async function findSetup({ stage, region, config, clock }: ConnectOptions): Promise<Setup> {
  if (stage === undefined) return findLocalSetup(loadLocalEnvironment(), config.localUrl);
  const place = region ?? config.region;
  const options = { ...TIMES, region: place };
  const clients = {
    cloudFormation: new CloudFormationClient(options),
    lambda: new LambdaClient(options),
    ssm: new SSMClient(options),
  };
  try {
    return await findAwsSetup(clients, { stage, region: place, profile: config.profile }, clock);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

interface AwsDoctorClients {
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
  const functions = await examineFunctions(clients.lambda, name.stage);
  const { config, settings } = functions;
  const token = await attempt('token and tier', () =>
    readStageToken(clients.ssm, { stage: name.stage, clock }),
  );
  return {
    stage: stage.value,
    settings,
    crisp: config && token.value && { config, token: token.value },
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

async function examineFunctions(lambda: LambdaClient, stage: string) {
  const [webhookName, consumerName] = [`crisp-enrich-${stage}-webhook`, `crisp-enrich-${stage}-consumer`];
  const webhook = await attempt('configuration', async () =>
    parseWebhookConfig(asInside(webhookName, await readEnvironment(lambda, webhookName))),
  );
  const consumer = await attempt('configuration', async () => {
    const environment = await readEnvironment(lambda, consumerName);
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
      ...(problems.length > 0 ? problems : [SOUND_ON_AWS]),
      ...(webhook.value ? [judgeHookMode(webhook.value.hookMode)] : []),
      ...(limits ?? []),
    ],
  };
}

/** With the variable that Lambda sets itself: by it the rules for AWS are chosen. */
function asInside(functionName: string, environment: Environment): Environment {
  return { ...environment, AWS_LAMBDA_FUNCTION_NAME: functionName };
}

const SOUND_ON_AWS: Finding = {
  check: 'configuration',
  state: 'ok',
  message: 'webhook and consumer can read every variable',
};

async function examineLimits(lambda: LambdaClient, concurrency: number): Promise<readonly Finding[]> {
  const { value, findings } = await attempt('account limits', () => readConcurrency(lambda));
  return value ? [judgeConcurrency(value, concurrency)] : findings;
}

/**
 * Finds how local mode is set up. One that runs is judged by what it was started with; the environment says how the next
 * one would be, and has the token.
 */
export async function findLocalSetup(environment: Environment, localUrl: URL): Promise<Setup> {
  const config = await attempt('configuration', () => parseLocalConfig(environment));
  const settings = await attempt('configuration', () =>
    toInfraSettings(environment, { isLocal: true, archiveBucketSuffix: '' }),
  );
  const { value: stage, findings } = await attempt('local mode', () => readLocalModeHealth(localUrl));
  const configFindings = config.findings.length > 0 ? config.findings : settings.findings;
  const ofEnvironment = config.value && settings.value && toLocalSettings(config.value, settings.value);
  const judged = stage?.settings ?? ofEnvironment;
  return {
    stage,
    settings: judged && { ...(settings.value ?? DEFAULTS), ...toInfra(judged) },
    crisp: findCrisp(config.value, stage),
    findings: [
      ...(configFindings.length > 0 ? configFindings : [SOUND_LOCALLY]),
      ...(stage ? [toRunning(localUrl, stage.settings, ofEnvironment)] : findings),
      ...(judged ? judgeHooks(judged) : []),
    ],
  };
}

const SOUND_LOCALLY: Finding = { check: 'configuration', state: 'ok', message: 'every variable can be read' };

const DEFAULTS = toInfraSettings({}, { isLocal: true, archiveBucketSuffix: '' });

function toInfra({ sessionsDelaySeconds, consumerConcurrency }: LocalSettings) {
  return { sessionsDelaySeconds, consumerConcurrency };
}

function toRunning(
  { origin }: URL,
  running: LocalSettings | undefined,
  ofEnvironment: LocalSettings | undefined,
): Finding {
  const check = 'local mode';
  const message = `runs at ${origin}`;
  const differing = running && ofEnvironment ? compareSettings(running, ofEnvironment) : [];
  if (differing.length === 0) return { check, state: 'ok', message };
  return {
    check,
    state: 'warn',
    message: `${message}, with other settings than this environment has: ${differing.join(', ')}`,
    remedy: 'it is judged by its own; start it again if those of this environment are meant',
  };
}

/** The configured Crisp with its token, or the simulator of the local mode that runs: no token leaves for elsewhere. */
function findCrisp(
  config: LocalConfig | undefined,
  stage: OperatedStage | undefined,
): CrispSetup | undefined {
  const token = config?.secrets.source === 'environment' ? config.secrets.crispToken : undefined;
  if (config && token) return { isLocal: true, token, config };
  const settings = stage?.settings ?? config;
  const simulatorUrl = stage?.crispUrl;
  if (!settings || simulatorUrl === undefined || !isLoopbackUrl(simulatorUrl)) return undefined;
  const { crispTier, websiteIds, include } = settings;
  const limits = config ?? parseLocalConfig({});
  return {
    isLocal: true,
    token: DEMO_TOKEN,
    config: { ...limits, crispApiUrl: new URL(simulatorUrl), crispTier, websiteIds, include },
  };
}

function judgeHooks({ hookMode, hookSecrets }: LocalSettings): Finding[] {
  const message = hookSecrets === 0 ? 'the one of the demo' : `${hookSecrets} in its environment`;
  return [judgeHookMode(hookMode), { check: 'secret CRISP_HOOK_SECRETS', state: 'ok', message }];
}

/** The environment that a function was deployed with; it names no secret's value. Rejects with `OperationError`. */
async function readEnvironment(lambda: LambdaClient, functionName: string): Promise<Environment> {
  const command = new GetFunctionConfigurationCommand({ FunctionName: functionName });
  const { Environment: found } = await lambda
    .send(command)
    .catch(toFailure('lambda:GetFunctionConfiguration', functionName));
  return { ...found?.Variables };
}

/** Rejects with `OperationError`. */
async function readConcurrency(lambda: LambdaClient): Promise<AccountConcurrency> {
  const { AccountLimit = {} } = await lambda
    .send(new GetAccountSettingsCommand({}))
    .catch(toFailure('lambda:GetAccountSettings', '*'));
  const { ConcurrentExecutions: limit = 0, UnreservedConcurrentExecutions: unreserved = limit } =
    AccountLimit;
  return { limit, unreserved };
}

function toFailure(action: string, resource: string): (thrown: unknown) => never {
  return (thrown) => {
    throw toAwsOperationError(thrown, { action, resource });
  };
}

/**
 * The Crisp token of a stage, to ask Crisp with; undefined where there is none yet. Throws `ConfigError` for half a one,
 * `OperationError` where it may not be read.
 */
async function readStageToken(
  client: SSMClient,
  { stage, clock }: { readonly stage: string; readonly clock: Clock },
): Promise<CrispToken | undefined> {
  const path = toSecretsPath(stage);
  try {
    return await createSsmSecrets({ path, clock, readSsm: createSdkParameterReader(client) }).crispToken();
  } catch (thrown) {
    if (thrown instanceof ConfigError) throw thrown;
    throw toAwsOperationError(thrown, { action: 'ssm:GetParameter', resource: `${path}CRISP_TOKEN_*` });
  }
}

/** The read of a function, with the official client, which finds an operator's credentials wherever they are. */
export function createSdkParameterReader(client: SSMClient): ReadSsmParameter {
  return async (Name) => {
    try {
      const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
      return Parameter?.Value;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  };
}

/** How the stage asks Crisp. */
export interface CrispSetup {
  /** True where local mode asks it. */
  readonly isLocal?: boolean;
  readonly token: CrispToken;
  readonly config: CountedCrispConfig &
    Pick<ConsumerConfig, 'websiteIds' | 'include' | 'coalesce' | 'requestsPerSecond' | 'maxPages'>;
}

/** How a stage is set up, as far as it could be found, and what was noticed on the way. */
export interface Setup {
  readonly findings: readonly Finding[];
  readonly stage: OperatedStage | undefined;
  readonly settings: InfraSettings | undefined;
  readonly crisp: CrispSetup | undefined;
}
