import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { toCoalescedJob } from '../../lib/queue/coalesce.ts';
import { decodeJob } from '../../lib/queue/job.ts';
import {
  createEnqueueSessions,
  createSqsSessionBatches,
  createSqsSessionQueue,
  createWebhookSqsClient,
  WEBHOOK_SQS_TIMES,
} from '../../lib/queue/sessions-queue.ts';
import { QUEUE_DEADLINE_MS } from '../../lib/webhook/accept.ts';
import { anAwsError } from '../support/aws.ts';
import { aSession } from '../support/builders.ts';
import { createMemorySessionBatches } from '../support/memory.ts';
import { createVirtualClock, untilSettled } from '../support/virtual-clock.ts';

describe('sqs session batches', () => {
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
  const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';

  const jobs = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      toCoalescedJob(aSession(`session_${index}`), 'full', 1_790_856_000_123, coalesce),
    );

  interface Entry {
    readonly Id: string;
  }

  /** A queue that takes what `answer` does not refuse. */
  function createQueue(answer: (entries: readonly Entry[], round: number) => object) {
    const client = new SQSClient({ region: 'eu-west-1' });
    const sqs = mockClient(client);
    let round = 0;
    sqs.on(SendMessageBatchCommand).callsFake(async ({ Entries }) => {
      round += 1;
      return answer(Entries, round);
    });
    const clock = createVirtualClock();
    const batches = createSqsSessionBatches({ sqs: client, queueUrl: QUEUE_URL, clock });
    return {
      sendAll: (count: number) => untilSettled(clock, batches.sendAll(jobs(count))),
      sent: () => sqs.commandCalls(SendMessageBatchCommand).map(({ args }) => args[0].input.Entries ?? []),
    };
  }

  const taken = ({ Id }: Entry) => ({ Id, MessageId: `message-${Id}` });

  test('many jobs go in batches of ten, each with its group and deduplication id, in a body that decodes to it', async () => {
    const { sendAll, sent } = createQueue((entries) => ({ Successful: entries.map(taken) }));

    const results = await sendAll(23);

    const expected = jobs(23);
    expect(results).toEqual(
      expected.map((_job, index) => ({ outcome: 'queued', messageId: `message-${index}` })),
    );
    expect(sent().map((entries) => entries.length)).toEqual([10, 10, 3]);
    for (const [index, entry] of sent().flat().entries()) {
      const job = expected[index];
      expect(entry).toMatchObject({
        MessageGroupId: job?.groupId,
        MessageDeduplicationId: job?.deduplicationId,
      });
      expect(decodeJob(entry.MessageBody ?? '', { coalesce })).toEqual({ job: job?.job });
    }
  });

  test('ids within a batch differ', async () => {
    const { sendAll, sent } = createQueue((entries) => ({ Successful: entries.map(taken) }));

    await sendAll(23);

    for (const entries of sent()) expect(new Set(entries.map(({ Id }) => Id)).size).toBe(entries.length);
  });

  test('an entry that SQS could not take at the moment is sent again, and no other one', async () => {
    const { sendAll, sent } = createQueue((entries, round) => ({
      Successful: entries.filter(({ Id }) => round > 1 || Id !== '1').map(taken),
      Failed: round > 1 ? [] : [{ Id: '1', SenderFault: false, Code: 'InternalError' }],
    }));

    const results = await sendAll(3);

    expect(results.map(({ outcome }) => outcome)).toEqual(['queued', 'queued', 'queued']);
    expect(sent().map((entries) => entries.map(({ Id }) => Id))).toEqual([['0', '1', '2'], ['1']]);
  });

  test('an entry that is our fault is failed for good, and not sent again', async () => {
    const { sendAll, sent } = createQueue((entries) => ({
      Successful: entries.filter(({ Id }) => Id !== '1').map(taken),
      Failed: [{ Id: '1', SenderFault: true, Code: 'InvalidMessageContents' }],
    }));

    const results = await sendAll(2);

    expect(results).toEqual([
      { outcome: 'queued', messageId: 'message-0' },
      { outcome: 'failed', code: 'invalid_message_contents', mayRetry: false },
    ]);
    expect(sent()).toHaveLength(1);
  });

  test('an entry of which SQS says nothing, or no id, was not taken', async () => {
    const { sendAll, sent } = createQueue((entries) => ({
      Successful: entries
        .filter(({ Id }) => Id === '0')
        .map(taken)
        .concat({ Id: '2', MessageId: '' }),
    }));

    const results = await sendAll(3);

    const unanswered = { outcome: 'failed', code: 'unanswered', mayRetry: true };
    expect(results).toEqual([{ outcome: 'queued', messageId: 'message-0' }, unanswered, unanswered]);
    expect(
      sent()
        .slice(1)
        .map((entries) => entries.map(({ Id }) => Id)),
    ).toEqual([
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  test('a whole request that fails is told with what to mend', async () => {
    const { sendAll } = createQueue(() => {
      throw anAwsError('AccessDenied', 403);
    });

    await expect(sendAll(1)).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining(
        'allow sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:crisp-enrich-prod-sessions.fifo',
      ),
    });
  });
});

describe('a thousand jobs', () => {
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
  const jobs = Array.from({ length: 1000 }, (_, index) =>
    toCoalescedJob(aSession(`session_${index}`), 'full', 1_790_856_000_123, coalesce),
  );

  function createQueue(fails: (request: number) => Error | undefined) {
    const client = new SQSClient({ region: 'eu-west-1' });
    let [requests, running, most] = [0, 0, 0];
    mockClient(client)
      .on(SendMessageBatchCommand)
      .callsFake(async ({ Entries }) => {
        requests += 1;
        const failure = fails(requests);
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        if (failure) throw failure;
        return { Successful: Entries.map(({ Id }: { Id: string }) => ({ Id, MessageId: `message-${Id}` })) };
      });
    const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';
    const clock = createVirtualClock();
    const { sendAll } = createSqsSessionBatches({ sqs: client, queueUrl, clock });
    return { sendAll, clock, requests: () => requests, most: () => most };
  }

  test('are sent in batches of ten, ten requests at a time, and told of in their order', async () => {
    const { sendAll, requests, most } = createQueue(() => undefined);

    const results = await sendAll(jobs);

    expect(results).toEqual(
      jobs.map((_job, index) => ({ outcome: 'queued', messageId: `message-${index}` })),
    );
    expect([requests(), most()]).toEqual([100, 10]);
  });

  test('of which one request is refused, are queued all the same, but for its ten', async () => {
    const { sendAll } = createQueue((request) =>
      request === 3 ? anAwsError('AccessDenied', 403) : undefined,
    );

    const results = await sendAll(jobs);

    expect(results.filter(({ outcome }) => outcome === 'queued')).toHaveLength(990);
    expect(results.slice(20, 30)).toEqual(
      Array.from({ length: 10 }, () => ({ outcome: 'failed', code: 'access_denied', mayRetry: false })),
    );
  });

  test('of which one request fails at the moment, are all queued by its repetition', async () => {
    const { sendAll, clock, requests } = createQueue((request) =>
      request === 3 ? anAwsError('InternalFailure', 500) : undefined,
    );

    const results = await untilSettled(clock, sendAll(jobs));

    expect(results.filter(({ outcome }) => outcome === 'queued')).toHaveLength(1000);
    expect(requests()).toBe(101);
  });
});

describe('sqs session queue', () => {
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
  const job = toCoalescedJob(aSession(), 'full', 1_790_856_000_123, coalesce);

  function createQueue() {
    const client = new SQSClient({ region: 'eu-west-1' });
    return {
      sqs: mockClient(client),
      queue: createSqsSessionQueue(client, 'https://sqs.example.com/q.fifo'),
    };
  }

  test('a job is sent with its group and deduplication id, in a body that decodes to it', async () => {
    const { sqs, queue } = createQueue();
    sqs.on(SendMessageCommand).resolves({ MessageId: 'message-1', SequenceNumber: '17' });

    const queued = await queue.send(job);

    const input = sqs.commandCalls(SendMessageCommand)[0]?.args[0].input;
    expect(queued).toEqual({ messageId: 'message-1', sequenceNumber: '17' });
    expect(input).toMatchObject({ MessageGroupId: job.groupId, MessageDeduplicationId: job.deduplicationId });
    expect(decodeJob(input?.MessageBody ?? '', { coalesce })).toEqual({ job: job.job });
  });

  test('an answer without a message id is a failure: nothing proves that the job is safe', async () => {
    const { sqs, queue } = createQueue();
    sqs.on(SendMessageCommand).resolves({});

    await expect(queue.send(job)).rejects.toMatchObject({ name: 'MessageIdMissing' });
  });
});

describe('webhook sqs client', () => {
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
      await sqs.send(
        new SendMessageCommand({ QueueUrl: `http://127.0.0.1:${port}/q.fifo`, MessageBody: 'x' }),
      );
    }

    expect(connections).toBe(1);
  });
});

describe('enqueue sessions', () => {
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };

  function createScene() {
    const clock = createVirtualClock();
    const batches = createMemorySessionBatches();
    return { clock, batches, enqueue: createEnqueueSessions({ batches, coalesce, clock }) };
  }

  test('a session is asked for as an event of this moment would, so that the two become one fetch', async () => {
    const { clock, batches, enqueue } = createScene();

    await enqueue([aSession()], 'full');

    expect(batches.sent).toEqual([toCoalescedJob(aSession(), 'full', clock.nowMs(), coalesce)]);
  });

  test('each session is told what became of it, in its order', async () => {
    const { batches, enqueue } = createScene();
    batches.refuse('session_b');
    const sessions = ['session_a', 'session_b', 'session_c'].map((id) => aSession(id));

    const results = await enqueue(sessions, 'incremental');

    expect(results.map(({ session, result }) => [session.sessionId, result.outcome])).toEqual([
      ['session_a', 'queued'],
      ['session_b', 'failed'],
      ['session_c', 'queued'],
    ]);
  });
});
