import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { createWebhookSqsClient, WEBHOOK_SQS_TIMES } from '../../../lib/adapters/sqs/webhook-sqs-client.ts';
import { QUEUE_DEADLINE_MS } from '../../../lib/use-cases/accept-webhook.ts';

// The client holds the answer against what it sent.
const MD5_OF_X = createHash('md5').update('x').digest('hex');

test('a silent SQS is given up, all tries together, before the webhook gives up the queue', () => {
  const { maxAttempts, requestTimeoutMs } = WEBHOOK_SQS_TIMES;

  expect(maxAttempts * requestTimeoutMs).toBeLessThan(QUEUE_DEADLINE_MS);
});

test('one connection carries one message after the other', async () => {
  let connections = 0;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify({ MessageId: 'message-1', MD5OfMessageBody: MD5_OF_X }));
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  // A server that listens on a port has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  const sqs = createWebhookSqsClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  onTestFinished(() => sqs.destroy());

  for (let sent = 0; sent < 3; sent += 1) {
    await sqs.send(new SendMessageCommand({ QueueUrl: `http://127.0.0.1:${port}/q.fifo`, MessageBody: 'x' }));
  }

  expect(connections).toBe(1);
});
