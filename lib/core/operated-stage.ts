import type { WebsiteId } from './ids.ts';
import type { LocalSettings } from './local-settings.ts';

/** The queues of a stage, by the names under which local mode's `healthz` has them. */
export const OPERATED_QUEUES = [
  'sessions',
  'sessions-dlq',
  'records',
  'records-dlq',
  'records-undelivered',
] as const;

export type OperatedQueueName = (typeof OPERATED_QUEUES)[number];

/** Where the parts of a running stage are, on AWS or on this machine. */
export interface OperatedStage {
  /** `local` for local mode. */
  readonly stage: string;
  readonly region: string;
  /** The queues' URLs. */
  readonly queues: Readonly<Record<OperatedQueueName, string>>;
  readonly bucket: string;
  readonly table: string;
  /** The two ends of what feeds the consumer; undefined in local mode, where that is a part of another process. */
  readonly consumer: ConsumerTap | undefined;
  /** Base URLs of the services; undefined: AWS's own. */
  readonly endpoints: OperatedEndpoints | undefined;
  /** The websites that the consumer serves, empty: all; undefined where the stage does not say. */
  readonly websiteIds?: readonly WebsiteId[] | undefined;
  /** Where Crisp sends its hooks; undefined in local mode, and in a stack of an earlier version. */
  readonly webhookUrl?: string | undefined;
  readonly alarmTopicArn?: string | undefined;
  /** The address of the Crisp that local mode asks; undefined on AWS. */
  readonly crispUrl?: string | undefined;
  /** The front door of local mode; undefined on AWS. */
  readonly localUrl?: URL | undefined;
  /** What the local mode that runs was started with; undefined on AWS. */
  readonly settings?: LocalSettings | undefined;
}

export interface ConsumerTap {
  readonly functionName: string;
  readonly queueArn: string;
}

export interface OperatedEndpoints {
  readonly sqs: string;
  readonly s3: string;
  readonly dynamodb: string;
}
