import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { StageQueue } from '../aws/queues.ts';
import type { CrispTier, HookMode, Inclusion } from '../config/config.ts';
import type { InfraSettings } from '../config/infra-settings.ts';
import type { LocalConfig } from '../config/local-config.ts';
import type { WebsiteId } from '../ids.ts';

/**
 * The clients of a person's commands, which may wait longer than a function may. What only some commands need is loaded
 * at its first use: to load a client takes longer than to ask it.
 */
export interface OperatorClients {
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly s3: () => Promise<S3Client>;
  readonly lambda: () => Promise<LambdaClient>;
  readonly sns: () => Promise<SNSClient>;
  /** Closes their sockets. */
  readonly destroy: () => void;
}

const OPERATOR_TIMES = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 30_000, throwOnRequestTimeout: true },
};

/** Clients of a stage: with the SDK's own credentials on AWS, with made-up ones on this machine. */
export function createOperatorClients({
  region,
  endpoints,
  queues,
}: Pick<OperatedStage, 'region' | 'endpoints' | 'queues'>): OperatorClients {
  const common = {
    ...OPERATOR_TIMES,
    region,
    ...(endpoints && { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
  };
  const sqs = new SQSClient({ ...common, ...(endpoints && { endpoint: endpoints.sqs }) });
  const dynamodb = new DynamoDBClient({ ...common, ...(endpoints && { endpoint: endpoints.dynamodb }) });
  const made: { destroy(): void }[] = [sqs, dynamodb];
  let s3: Promise<S3Client> | undefined;
  let lambda: Promise<LambdaClient> | undefined;
  let sns: Promise<SNSClient> | undefined;

  return {
    sqs,
    dynamodb,
    s3() {
      s3 ??= makeS3();
      return s3;
    },
    lambda() {
      lambda ??= makeLambda();
      return lambda;
    },
    sns() {
      sns ??= makeSns();
      return sns;
    },
    destroy() {
      for (const client of made) client.destroy();
    },
  };

  async function makeS3(): Promise<S3Client> {
    const { S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({
      ...common,
      ...(endpoints && { endpoint: endpoints.s3, forcePathStyle: true }),
    });
    made.push(client);
    // On this machine bucket and queue can be of two emulators, with two accounts.
    if (endpoints !== undefined && endpoints.s3 !== endpoints.sqs) return client;
    const { expectBucketOwner } = await import('../aws/clients.ts');
    return expectBucketOwner(client, queues.sessions);
  }

  async function makeSns(): Promise<SNSClient> {
    const { SNSClient } = await import('@aws-sdk/client-sns');
    const client = new SNSClient({
      ...common,
      ...(endpoints?.sns !== undefined && { endpoint: endpoints.sns }),
    });
    made.push(client);
    return client;
  }

  // Local mode embeds no Lambda, so nothing of it is asked there.
  async function makeLambda(): Promise<LambdaClient> {
    const { LambdaClient } = await import('@aws-sdk/client-lambda');
    const client = new LambdaClient(common);
    made.push(client);
    return client;
  }
}

/** Where the parts of a running stage are, on AWS or on this machine. */
export interface OperatedStage {
  /** `local` for local mode. */
  readonly stage: string;
  readonly region: string;
  /** The queues' URLs. */
  readonly queues: Readonly<Record<StageQueue, string>>;
  readonly bucket: string;
  readonly table: string;
  /** The two ends of what feeds the consumer; undefined in local mode, where that is a part of another process. */
  readonly consumer: ConsumerMapping | undefined;
  /** Base URLs of the services; undefined: AWS's own. */
  readonly endpoints: OperatedEndpoints | undefined;
  /** The websites that the consumer serves, empty: all; undefined where the stage does not say. */
  readonly websiteIds?: readonly WebsiteId[] | undefined;
  /** Where Crisp sends its hooks; undefined in local mode, and in a stack of an earlier version. */
  readonly webhookUrl?: string | undefined;
  readonly alarmTopicArn?: string | undefined;
  /** Where records are announced; undefined where the stage does not say. */
  readonly topicArn?: string | undefined;
  /** What is larger is announced as a pointer; undefined: the default. */
  readonly inlineLimitBytes?: number | undefined;
  /** The address of the Crisp that local mode asks; undefined on AWS. */
  readonly crispUrl?: string | undefined;
  /** The front door of local mode; undefined on AWS. */
  readonly localUrl?: URL | undefined;
  /** The page of local mode's console, with its token; undefined on AWS. */
  readonly consoleUrl?: string | undefined;
  /** What the local mode that runs was started with; undefined on AWS. */
  readonly settings?: LocalSettings | undefined;
}

interface ConsumerMapping {
  readonly functionName: string;
  readonly queueArn: string;
}

interface OperatedEndpoints {
  readonly sqs: string;
  readonly sns?: string | undefined;
  readonly s3: string;
  readonly dynamodb: string;
}

/** The settings by which the doctor judges a local mode that runs: no secret is among them. */
export interface LocalSettings {
  readonly sessionsDelaySeconds: number;
  readonly consumerConcurrency: number;
  readonly hookMode: HookMode;
  /** How many hook secrets it was given; 0: the demo's. */
  readonly hookSecrets: number;
  readonly crispTier: CrispTier;
  /** Empty: all that the token may read. */
  readonly websiteIds: readonly WebsiteId[];
  readonly include: readonly Inclusion[];
}

export function toLocalSettings(
  { hookMode, secrets, crispTier, websiteIds, include }: LocalConfig,
  {
    sessionsDelaySeconds,
    consumerConcurrency,
  }: Pick<InfraSettings, 'sessionsDelaySeconds' | 'consumerConcurrency'>,
): LocalSettings {
  const hookSecrets = secrets.source === 'environment' ? secrets.hookSecrets.length : 0;
  return { sessionsDelaySeconds, consumerConcurrency, hookMode, hookSecrets, crispTier, websiteIds, include };
}

/** The names of what differs; which secrets somebody has around them says nothing. */
export function compareSettings(a: LocalSettings, b: LocalSettings): string[] {
  const { hookSecrets, ...compared } = a;
  const names = Object.keys(compared) as (keyof typeof compared)[];
  return names.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
}
