import { DeleteMessageBatchCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import type { SpawnedLocalMode } from './spawn-local-mode.ts';

/** Takes records off their queue until there are enough: how many messages each session's record had. */
export async function collectRecords(
  { health }: SpawnedLocalMode,
  isEnough: (records: ReadonlyMap<string, number>) => boolean,
): Promise<Map<string, number>> {
  const clients = createLocalAwsClients(health.aws.endpoints);
  const records = new Map<string, number>();
  while (!isEnough(records)) await receiveInto(records, clients.sqs, health.queues.records);
  clients.destroy();
  return records;
}

async function receiveInto(records: Map<string, number>, sqs: SQSClient, QueueUrl: string): Promise<void> {
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 10 });
  const { Messages = [] } = await sqs.send(receive);
  if (Messages.length === 0) throw new Error(`only ${records.size} records came`);
  for (const { Body = '' } of Messages) {
    const record = JSON.parse(Body);
    records.set(record.session_id, record.messages.length);
  }
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
}
