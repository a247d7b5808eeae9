import { type CloudFormationClient, DescribeStackEventsCommand } from '@aws-sdk/client-cloudformation';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createSqsQueueReader, STAGE_QUEUE_NAMES, toQueueName } from '../../lib/aws/queues.ts';
import { askPerson, UsageError } from './command.ts';
import type { Target } from './stack.ts';

/** Says what goes with the stack, and asks. Throws `UsageError` where nobody agrees. */
export async function agreeOnRemoval(
  target: Target,
  { isAgreed }: { readonly isAgreed: boolean },
): Promise<void> {
  const { stackName, region } = target;
  console.log(
    `${stackName} in ${region} is removed: functions, queues, topics, alarms. Archive and ledger stay.\n` +
      `Waiting in its queues, and deleted with them: ${await describeWaiting(target)}.`,
  );
  if (isAgreed || (await askPerson(`Type ${stackName} to agree: `)) === stackName) return;
  throw new UsageError(
    `Nothing was removed: consent is the name ${stackName}, typed, or given beforehand with --yes.`,
  );
}

async function describeWaiting({ stage, region }: Target): Promise<string> {
  const sqs = new SQSClient({ region });
  try {
    const counts = await Promise.all(
      STAGE_QUEUE_NAMES.map(async (name) => {
        const { QueueUrl = '' } = await sqs.send(
          new GetQueueUrlCommand({ QueueName: toQueueName(stage, name) }),
        );
        const { visible, inFlight, delayed } = await createSqsQueueReader(sqs, QueueUrl).describe();
        return { name, count: visible + inFlight + delayed };
      }),
    );
    const waiting = counts.filter(({ count }) => count > 0).map(({ name, count }) => `${name} ${count}`);
    return waiting.length === 0 ? 'nothing' : waiting.join(', ');
  } catch {
    return 'not known, for the queues could not be counted';
  } finally {
    sqs.destroy();
  }
}

/** Why CloudFormation did not delete a stack, in one sentence. */
export async function explainRemovalFailure(
  client: CloudFormationClient,
  { stackName, options }: Target,
): Promise<UsageError> {
  const { StackEvents = [] } = await client
    .send(new DescribeStackEventsCommand({ StackName: stackName }))
    .catch(() => ({ StackEvents: [] }));
  const failed = StackEvents.find(
    ({ ResourceStatus, LogicalResourceId }) =>
      ResourceStatus === 'DELETE_FAILED' && LogicalResourceId !== stackName,
  );
  const why = failed
    ? `${failed.LogicalResourceId}: ${failed.ResourceStatusReason ?? 'no reason given'}`
    : 'CloudFormation gives no reason';
  return new UsageError(
    `${stackName} was not removed (${why}); mend that, then run npm run remove -- ${options.join(' ')} again.`,
  );
}
