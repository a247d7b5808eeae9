import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { toAwsOperationError } from '../aws/failures.ts';
import { mapStageQueues, STAGE_QUEUES } from '../aws/queues.ts';
import { parseGivenSettings } from '../config/infra-settings.ts';
import { OperationError } from '../errors.ts';
import { parseWebsiteId } from '../ids.ts';
import type { OperatedStage } from './stage.ts';

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
    ...readSettings(outputs.get('Settings')),
    topicArn: outputs.get('RecordsTopicArn'),
    webhookUrl: outputs.get('WebhookUrl'),
    alarmTopicArn: outputs.get('AlarmTopicArn'),
  };
}

/** As the consumer was deployed with; empty where the stack does not say. */
function readSettings(settings: string | undefined): Pick<OperatedStage, 'websiteIds' | 'inlineLimitBytes'> {
  const given = parseGivenSettings(settings);
  if (given === undefined) return {};
  const { CRISP_WEBSITE_IDS = '', INLINE_LIMIT_BYTES } = given;
  return {
    websiteIds: CRISP_WEBSITE_IDS.split(',').flatMap((id) => parseWebsiteId(id.trim()) ?? []),
    inlineLimitBytes: INLINE_LIMIT_BYTES === undefined ? undefined : Number(INLINE_LIMIT_BYTES),
  };
}

// CloudFormation has no code of its own for a stack that does not exist: a ValidationError that says so, and this call
// has no other parameter that could be wrong.
function isMissingStack(thrown: unknown): boolean {
  return (
    thrown instanceof Error && thrown.name === 'ValidationError' && thrown.message.includes('does not exist')
  );
}
