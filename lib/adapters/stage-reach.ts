import { ListSubscriptionsByTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { AlarmReceivers, HookAnswer } from '../core/doctor/judge-reach.ts';
import { isJsonObject } from '../core/is-json-object.ts';
import { toPrintable } from '../core/text/to-printable.ts';
import { toAwsOperationError } from './aws-operation-error.ts';

const ANSWER_WITHIN_MS = 10_000;

/** Posts to a stage's hook URL without a signature or key. Only the code of its answer is read. */
export async function askHook(url: string): Promise<HookAnswer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const body: unknown = await response.json().catch(() => undefined);
    const error = isJsonObject(body) && typeof body.error === 'string' ? toPrintable(body.error) : undefined;
    return { status: response.status, error };
  } catch {
    return undefined;
  }
}

/** Counts who receives the alarms; the first page tells. Rejects with `OperationError`. */
export async function readAlarmReceivers(sns: SNSClient, topicArn: string): Promise<AlarmReceivers> {
  const command = new ListSubscriptionsByTopicCommand({ TopicArn: topicArn });
  const { Subscriptions = [] } = await sns.send(command).catch((thrown: unknown) => {
    throw toAwsOperationError(thrown, { action: 'sns:ListSubscriptionsByTopic', resource: topicArn });
  });
  const pending = Subscriptions.filter(
    ({ SubscriptionArn }) => SubscriptionArn === 'PendingConfirmation',
  ).length;
  const gone = Subscriptions.filter(({ SubscriptionArn }) => SubscriptionArn === 'Deleted').length;
  return { confirmed: Subscriptions.length - pending - gone, pending };
}
