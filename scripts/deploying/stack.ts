import {
  type CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  type Stack,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { toAwsOperationError } from '../../lib/aws/failures.ts';
import { type DeploySettings, loadDeploySettings, loadOperatorConfig } from '../../lib/config/load.ts';
import { openSecretStore } from '../../lib/config/secret-store.ts';
import { checkPlace, type StageArguments, UsageError } from './command.ts';

/** A stage in a region, with what it is to be made of. */
export interface Target extends DeploySettings {
  readonly stage: string;
  readonly region: string;
  readonly stackName: string;
  /** For osls, and for every command that is printed. */
  readonly options: readonly string[];
}

/**
 * Finds what is wrong on this side before AWS is asked for anything: the settings, the region, the credentials. Throws
 * `UsageError` or `ConfigError`.
 */
export async function prepareTarget(root: string, { stage, region }: StageArguments): Promise<Target> {
  const settings = loadDeploySettings({ stage, folder: root });
  // The SDK and osls read them from the environment.
  for (const [name, value] of Object.entries(settings.place)) process.env[name] ??= value;
  const place = region ?? loadOperatorConfig({ isLocal: false }).region;
  checkPlace(stage, place);
  await requireCredentials();
  const options = ['--stage', stage, '--region', place];
  return { ...settings, stage, region: place, stackName: `crisp-enrich-${stage}`, options };
}

async function requireCredentials(): Promise<void> {
  // Any client will do: only its search for credentials is used, and no region is needed for that.
  const client = new STSClient({ region: 'us-east-1' });
  try {
    await client.config.credentials();
  } catch (error) {
    throw new UsageError(
      'No AWS credentials found (looked at the environment, the profile, single sign-on and the machine itself): set ' +
        'AWS_PROFILE, or run `aws sso login`, and try again. Nothing was changed.',
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}

const TOKEN = ['CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY'] as const;

/**
 * Looks whether both halves of the stage's Crisp token are stored; their values are not read. Throws `UsageError` where
 * one is missing: a stack without a token would take hooks in and fail every fetch of them. True where the hook's secret
 * is stored as well.
 */
export async function requireCrispToken({ stage, region, options }: Target): Promise<boolean> {
  const store = openSecretStore({ stage, region });
  try {
    const present = (await store.list()).map(({ name }) => name);
    const missing = TOKEN.filter((name) => !present.includes(name));
    if (missing.length === 0) return present.includes('CRISP_HOOK_SECRETS');
    const commands = missing
      .map((name) => `\`npx crisp-enrich secrets set ${name} ${options.join(' ')}\``)
      .join(' and ');
    throw new UsageError(
      `The Crisp token of stage '${stage}' is not in the parameter store of ${region}: enter it with ` +
        `${commands}, and deploy again. Nothing was created.`,
    );
  } finally {
    store.close();
  }
}

/** AWS lets no function reserve what would leave the account's others with less. */
const LEAST_UNRESERVED = 10;

/**
 * Throws `UsageError` where the functions reserve more concurrency than the account has: a new one may run ten at once, and
 * CloudFormation finds that out after minutes. Without the right to look, it is left to CloudFormation.
 */
export async function requireConcurrency({ stage, region, settings }: Target): Promise<void> {
  const reserved = [
    { name: 'API_CONCURRENCY', count: settings.apiConcurrency },
    { name: 'WEBHOOK_RESERVED_CONCURRENCY', count: settings.webhookReservedConcurrency ?? 0 },
  ].filter(({ count }) => count > 0);
  const needed = reserved.reduce((sum, { count }) => sum + count, 0);
  if (needed === 0) return;

  const client = new LambdaClient({ region });
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const limit = AccountLimit?.ConcurrentExecutions ?? Number.POSITIVE_INFINITY;
    if (limit - needed >= LEAST_UNRESERVED) return;
    const asked = reserved.map(({ name, count }) => `${name}=${count}`).join(' and ');
    throw new UsageError(
      `This account runs at most ${limit} functions at once in ${region}, of which AWS keeps ${LEAST_UNRESERVED} unreserved, and ` +
        `${asked} would reserve ${needed}: set ${needed === 1 ? 'it' : 'them'} to 0 in .env.${stage} (without the API ` +
        'everything else works), or ask AWS for more "Concurrent executions", and deploy again. Nothing was created.',
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;
  } finally {
    client.destroy();
  }
}

/** The account that the credentials are of. Rejects with `OperationError`. */
export async function readAccount({ region }: Target): Promise<string> {
  const client = new STSClient({ region });
  try {
    const { Account = '' } = await client.send(new GetCallerIdentityCommand({}));
    return Account;
  } catch (thrown) {
    throw toAwsOperationError(thrown, { action: 'sts:GetCallerIdentity', resource: '*' });
  } finally {
    client.destroy();
  }
}

/** The stack as it is; undefined where there is none. Rejects with `OperationError`. */
export async function readStack(client: CloudFormationClient, stackName: string): Promise<Stack | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return Stacks[0];
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.includes('does not exist')) return undefined;
    throw toAwsOperationError(thrown, { action: 'cloudformation:DescribeStacks', resource: stackName });
  }
}

export function outputOf(stack: Stack | undefined, name: string): string | undefined {
  return stack?.Outputs?.find(({ OutputKey }) => OutputKey === name)?.OutputValue;
}

/** What deletes an empty stack, and what waits for it; in seconds. */
const MAX_WAIT_SECONDS = 600;

/**
 * Makes way for a deployment. A first creation that failed leaves a stack that can only be deleted, which is done here
 * and found as undefined; for any other state that takes no update, throws `UsageError` with the command that ends it.
 */
export async function settleStack(client: CloudFormationClient, target: Target): Promise<Stack | undefined> {
  const { stackName, region, options } = target;
  const stack = await readStack(client, stackName);
  const status = stack?.StackStatus ?? '';
  if (status === 'ROLLBACK_COMPLETE') {
    console.log(
      `The first creation of ${stackName} failed, and its stack holds nothing any more: deleting it.`,
    );
    await client.send(new DeleteStackCommand({ StackName: stackName })).catch((thrown: unknown) => {
      throw toAwsOperationError(thrown, { action: 'cloudformation:DeleteStack', resource: stackName });
    });
    const waiting = { client, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 2, maxDelay: 10 };
    await waitUntilStackDeleteComplete(waiting, { StackName: stack?.StackId ?? stackName });
    return undefined;
  }
  if (status === 'UPDATE_ROLLBACK_FAILED') {
    const command = `aws cloudformation continue-update-rollback --stack-name ${stackName} --region ${region}`;
    throw new UsageError(
      `${stackName} could not undo its last update: mend what its events name, then \`${command}\`.`,
    );
  }
  if (/^(REVIEW_IN_PROGRESS|.*_FAILED)$/.test(status)) {
    const command = `npm run remove -- ${options.join(' ')}`;
    throw new UsageError(`${stackName} is ${status} and takes no update: \`${command}\`, then deploy again.`);
  }
  if (status.endsWith('_IN_PROGRESS')) {
    throw new UsageError(
      `${stackName} is being changed by somebody else (${status}): try again when it is done.`,
    );
  }
  return stack;
}
