import { ListSubscriptionsByTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import { toAwsOperationError } from '../../aws/failures.ts';
import type { ConsumerConfig } from '../../config/config.ts';
import { isJsonObject, toPrintable } from '../../text.ts';
import type { Finding } from './checks.ts';

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

/** What the hook's URL answered to a request without a signature or key; undefined: nothing. */
type HookAnswer = { readonly status: number; readonly error: string | undefined } | undefined;

/**
 * Whether Crisp's hooks reach our code. Ours is a 401 with a code; a 403 without one is AWS's own, given before our code
 * is asked.
 */
export function judgeHookAnswer(answer: HookAnswer, options: string): Finding {
  const check = 'hook URL';
  const fail = (message: string, remedy: string): Finding => ({ check, state: 'fail', message, remedy });
  const deploy = `npm run deploy -- ${options}`;
  if (!answer)
    return fail('does not answer', 'look whether this machine may reach it, then at the log of the webhook');
  const { status, error } = answer;
  if (error === undefined && status === 403) {
    const remedy = `${deploy}; if that changes nothing, a policy of your organization forbids public function URLs`;
    return fail('AWS itself refuses every hook with 403, before our code is asked', remedy);
  }
  if (error === undefined && status === 429) {
    const remedy = 'raise WEBHOOK_RESERVED_CONCURRENCY, or ask AWS for more concurrent executions';
    return fail('Lambda refuses hooks with 429: the webhook has no concurrency left', remedy);
  }
  if (error === undefined) {
    return fail(
      `answers ${status}, and not as the webhook does`,
      `look into the log of the webhook, then ${deploy}`,
    );
  }
  if (status === 401) {
    return { check, state: 'ok', message: `refuses a request without a signature or key: 401 ${error}` };
  }
  if (status === 503) {
    const remedy = `npx crisp-enrich secrets set CRISP_HOOK_SECRETS ${options}`;
    return fail(`answers 503 ${error}: the webhook cannot read its configuration`, remedy);
  }
  return fail(`answers an unsigned request with ${status} ${error}, not with 401`, deploy);
}

interface AlarmReceivers {
  readonly confirmed: number;
  /** Asked by mail, and not answered yet. */
  readonly pending: number;
}

/** Whether anybody hears of an alarm. */
export function judgeAlarmReceivers({ confirmed, pending }: AlarmReceivers, stage: string): Finding {
  const check = 'alarms';
  if (confirmed > 0) return { check, state: 'ok', message: `${confirmed} receive them` };
  if (pending > 0) {
    const remedy = 'open the mail "AWS Notification - Subscription Confirmation" and confirm';
    return { check, state: 'warn', message: 'nobody has confirmed yet to receive them', remedy };
  }
  const remedy = `set ALARM_EMAIL in .env.${stage} and deploy again, or subscribe a receiver to the alarm topic`;
  return { check, state: 'warn', message: 'nobody receives them', remedy };
}

/** Whether strangers can have their conversations fetched on this quota and kept in this archive. */
export function judgeServedWebsites(
  { crispTier, websiteIds }: Pick<ConsumerConfig, 'crispTier' | 'websiteIds'>,
  stage: string,
): Finding {
  const check = 'served websites';
  if (websiteIds.length > 0)
    return { check, state: 'ok', message: `${websiteIds.length}, by CRISP_WEBSITE_IDS` };
  if (crispTier === 'website') return { check, state: 'ok', message: 'the one of the token' };
  return {
    check,
    state: 'warn',
    message: 'all: whoever installs the plugin is served on this quota, and kept in this archive',
    remedy: `list your websites as CRISP_WEBSITE_IDS in .env.${stage}, and deploy again`,
  };
}
