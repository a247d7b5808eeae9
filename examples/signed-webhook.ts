// Posts every record to an HTTP endpoint, signed as https://www.standardwebhooks.com says. Duplicates have the same
// `webhook-id`; of versions that overtook each other, the receiver keeps the highest `data.version`.
//
//   RECORDS_QUEUE_URL=… WEBHOOK_URL=https://example.com/hook WEBHOOK_SECRET=whsec_… node examples/signed-webhook.ts
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type OpenRecordOptions, openRecord } from 'crisp-enrich/record';
import { Webhook } from 'standardwebhooks';

export interface Endpoint {
  readonly url: string;
  /** `whsec_` and 24 to 64 bytes in base64. */
  readonly secret: string;
}

/** `retryAfterSeconds`: what the endpoint asked for. */
type Delivery = { readonly isDelivered: boolean; readonly retryAfterSeconds?: number };

const TIMEOUT_MS = 15_000;

/** Posts the record in a message; throws where there is none, or where the archive cannot be read. */
export async function deliver(
  { url, secret }: Endpoint,
  body: string | undefined,
  options?: OpenRecordOptions,
): Promise<Delivery> {
  const { outcome, record } = await openRecord(body, options);
  if (outcome === 'expired') return { isDelivered: true };

  const sentAt = new Date();
  const id = `${record.website_id}:${record.session_id}:${record.version}`;
  const payload = JSON.stringify({ type: record.kind, timestamp: sentAt.toISOString(), data: record });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(sentAt.getTime() / 1000)}`,
    'webhook-signature': new Webhook(secret).sign(id, sentAt, payload),
  };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: 'POST', headers, body: payload, redirect: 'error', signal });
    await response.body?.cancel();
    if (response.ok) return { isDelivered: true };
    const retryAfterSeconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return { isDelivered: false, ...(retryAfterSeconds >= 0 && { retryAfterSeconds }) };
  } catch {
    return { isDelivered: false };
  }
}

const MAX_DELAY_SECONDS = 3600;

/** Twice as long with each receive, less up to a half, so that messages which failed together come back apart. */
export function toDelaySeconds(receives: number, { retryAfterSeconds = 0 }: Partial<Delivery>): number {
  const doubled = Math.min(MAX_DELAY_SECONDS, 5 * 2 ** Math.min(receives, 10));
  const jittered = doubled * (0.5 + Math.random() / 2);
  return Math.ceil(Math.min(MAX_DELAY_SECONDS, Math.max(jittered, retryAfterSeconds)));
}

/**
 * Receives up to ten messages and delivers them; resolves to their number. What the endpoint does not take is hidden for
 * a while, and reaches the queue's own dead-letter queue after its `maxReceiveCount`.
 */
export async function deliverSome(
  sqs: SQSClient,
  { QueueUrl, ...wait }: ReceiveMessageCommandInput,
  post: (body: string | undefined) => Promise<Delivery>,
): Promise<number> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      ...wait,
    }),
  );
  for (const { Body, ReceiptHandle, MessageId, Attributes } of Messages) {
    const delivery: Delivery = await post(Body).catch((error: unknown) => {
      console.error(`message ${MessageId} stays on its queue:`, error);
      return { isDelivered: false };
    });
    if (delivery.isDelivered) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      continue;
    }
    const VisibilityTimeout = toDelaySeconds(Number(Attributes?.ApproximateReceiveCount ?? 1), delivery);
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  }
  return Messages.length;
}

if (import.meta.main) {
  const { RECORDS_QUEUE_URL: QueueUrl, WEBHOOK_URL: url = '', WEBHOOK_SECRET: secret = '' } = process.env;
  const sqs = new SQSClient({});
  for (;;) await deliverSome(sqs, { QueueUrl }, (body) => deliver({ url, secret }, body));
}
