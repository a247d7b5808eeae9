import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { toAwsOperationError } from '../aws/failures.ts';
import { mapStageQueues, STAGE_QUEUES } from '../aws/queues.ts';
import type { EventSourceMapping } from '../breaker/mapping.ts';
import { parseGivenSettings } from '../config/infra-settings.ts';
import { JobError, OperationError } from '../errors.ts';
import { parseWebsiteId, type WebsiteId } from '../ids.ts';
import { isLoopbackUrl } from '../text.ts';
import type { OperatedStage } from './operated-stage.ts';

export interface StageName {
  readonly stage: string;
  readonly region: string;
  /** Of the AWS configuration, for the sentence of a failure. */
  readonly profile: string | undefined;
}

/**
 * Reads from a stack's outputs where the parts of a stage are. Throws `OperationError`: `stack_not_found`, or what AWS
 * refuses.
 */
export async function readCloudFormationStage(
  cloudFormation: CloudFormationClient,
  { stage, region, profile = 'default' }: StageName,
): Promise<OperatedStage> {
  const stack = `crisp-enrich-${stage}`;
  const command = new DescribeStacksCommand({ StackName: stack });
  const { Stacks = [] } = await cloudFormation.send(command).catch((thrown: unknown) => {
    if (isMissingStack(thrown)) {
      const message = `no stack '${stack}' in ${region} (profile ${profile})`;
      throw new OperationError('stack_not_found', message, { cause: thrown });
    }
    throw toAwsOperationError(thrown, { action: 'cloudformation:DescribeStacks', resource: stack });
  });

  const outputs = new Map(Stacks[0]?.Outputs?.map((it) => [it.OutputKey, it.OutputValue]));
  const find = (name: string): string => {
    const value = outputs.get(name);
    if (value) return value;
    const message = `the stack '${stack}' has no output ${name} (yet): deploy it with this version`;
    throw new OperationError('stack_not_found', message);
  };
  return {
    stage,
    region,
    queues: mapStageQueues((name) => find(STAGE_QUEUES[name].output)),
    bucket: find('ArchiveBucketName'),
    table: find('LedgerTableName'),
    consumer: { functionName: find('ConsumerFunctionName'), queueArn: find('SessionsQueueArn') },
    endpoints: undefined,
    websiteIds: readWebsiteIds(outputs.get('Settings')),
    webhookUrl: outputs.get('WebhookUrl'),
    alarmTopicArn: outputs.get('AlarmTopicArn'),
  };
}

/** As the consumer was deployed with; undefined where the stack does not say. */
function readWebsiteIds(settings: string | undefined): readonly WebsiteId[] | undefined {
  const given = parseGivenSettings(settings);
  return given && (given.CRISP_WEBSITE_IDS ?? '').split(',').flatMap((id) => parseWebsiteId(id.trim()) ?? []);
}

// CloudFormation has no code of its own for a stack that does not exist: a ValidationError that says so, and this call
// has no other parameter that could be wrong.
function isMissingStack(thrown: unknown): boolean {
  return (
    thrown instanceof Error && thrown.name === 'ValidationError' && thrown.message.includes('does not exist')
  );
}

const healthSchema = z.object({
  status: z.literal('ok'),
  stage: z.literal('local'),
  aws: z.object({
    region: z.string(),
    endpoints: z.object({ sqs: z.url(), s3: z.url(), dynamodb: z.url() }),
  }),
  queues: z.object(mapStageQueues(() => z.url())),
  bucket: z.string(),
  table: z.string(),
  crisp: z.url().optional(),
  websites: z.array(z.string()).optional(),
  settings: z
    .object({
      sessionsDelaySeconds: z.number(),
      consumerConcurrency: z.number(),
      hookMode: z.enum(['plugin', 'website']),
      hookSecrets: z.number(),
      crispTier: z.enum(['plugin', 'website']),
      websiteIds: z.array(z.string().transform(toWebsiteId)),
      include: z.array(z.enum(['profile', 'pages', 'events', 'relations'])),
    })
    .optional(),
});

const ANSWER_WITHIN_MS = 3000;

/**
 * Asks a running local mode where its parts are. Throws `OperationError`: `local_mode_absent` where none answers,
 * `endpoint_not_loopback` where it points away from this machine: made-up credentials and test commands stay here.
 */
export async function readLocalModeHealth(url: URL): Promise<OperatedStage> {
  if (!isLoopbackUrl(url.href)) throw toElsewhere(url.href);
  const { stage, aws, queues, bucket, table, crisp, websites, settings } = await askHealth(
    new URL('/healthz', url),
  );
  const { sqs, s3, dynamodb } = aws.endpoints;
  const elsewhere = [sqs, s3, dynamodb, ...Object.values(queues)].find((it) => !isLoopbackUrl(it));
  if (elsewhere !== undefined) throw toElsewhere(elsewhere);
  return {
    stage,
    region: aws.region,
    queues,
    bucket,
    table,
    consumer: undefined,
    endpoints: { sqs, s3, dynamodb },
    websiteIds: websites?.map(parseWebsiteId).filter((it) => it !== undefined),
    crispUrl: crisp,
    localUrl: url,
    settings,
  };
}

function toWebsiteId(text: string, context: z.RefinementCtx): WebsiteId {
  const id = parseWebsiteId(text);
  if (id) return id;
  context.addIssue({ code: 'custom', message: 'expected the id of a website' });
  return z.NEVER;
}

async function askHealth(url: URL): Promise<z.infer<typeof healthSchema>> {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    .then((response) => response.json())
    .catch((cause: unknown) => {
      throw toAbsent(url, { cause });
    });
  const { data } = healthSchema.safeParse(answer);
  if (data === undefined) throw toAbsent(url);
  return data;
}

function toAbsent({ origin }: URL, options?: ErrorOptions): OperationError {
  const message = `no local mode at ${origin}: run \`npm start\`, or name a stage on AWS with --stage STAGE`;
  return new OperationError('local_mode_absent', message, options);
}

function toElsewhere(url: string): OperationError {
  const host = URL.parse(url)?.host ?? 'this';
  const message = `${host} is not this machine: local mode is, and a stage on AWS is named with --stage STAGE`;
  return new OperationError('endpoint_not_loopback', message);
}

const deliveriesSchema = z.object({ deliveries: z.enum(['on', 'off', 'changing', 'absent']) });

/**
 * The event source mapping of a local mode that runs in another process, by its front door. Rejects with `JobError`
 * `switch_failed` where that does not answer.
 */
export function createLocalModeMapping(url: URL): EventSourceMapping {
  async function ask(method: 'GET' | 'POST', path: string) {
    const response = await fetch(new URL(path, url), {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return deliveriesSchema.parse(await response.json()).deliveries;
  }

  async function turn(path: string): Promise<void> {
    await ask('POST', path).catch(fail);
  }

  return {
    read: () => ask('GET', '/deliveries').catch(fail),
    turnOn: () => turn('/deliveries/on'),
    turnOff: () => turn('/deliveries/off'),
  };
}

function fail(cause: unknown): never {
  throw new JobError('switch_failed', { detail: 'local_mode_absent', cause });
}
