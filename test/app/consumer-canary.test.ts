import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { aSession } from '../support/builders.ts';
import { BASIC_HEADER, CANARY, EVERY_CANARY, EVERY_IDENTITY, findCanaries } from '../support/canaries.ts';
import {
  type Answer,
  type CanaryAnswer,
  type CanaryConsumerOptions,
  createCanaryConsumer,
  type Service,
} from '../support/canary-consumer.ts';
import { captureOutput } from '../support/capture-output.ts';
import { hostileErrors } from '../support/hostile-errors.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';

// The level at which everything is said, and those at which less is.
const DEBUG = ['debug'];
const EVERY_LEVEL = ['debug', 'info', 'warn', 'error'];
const session = aSession();
const hostile = Object.entries(hostileErrors(EVERY_CANARY));
let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});
afterAll(() => ledger.stop());

// Each test answers for its own notes.
afterEach(async () => {
  for (const { pk, sk } of await scanLedger()) {
    if (pk && sk)
      await ledger.client.send(new DeleteItemCommand({ TableName: ledger.table, Key: { pk, sk } }));
  }
});

describe('nothing private gets into the log, the ledger or the queue', () => {
  test('of a conversation that becomes a record, which has it all', async () => {
    const { published, output } = await handle({ answer: toConversation, levels: EVERY_LEVEL });

    expect(output).toContain('record-emitted');
    for (const text of [CANARY.content, CANARY.email, CANARY.phone, CANARY.ip]) {
      expect(published).toContain(text);
    }
  });

  test.each(Object.entries(answers()))('of an answer that is %s', async (_, answer) => {
    const { output } = await handle({ answer: () => answer, levels: EVERY_LEVEL });

    expect(output).toMatch(/job-failed|job-dead|job-deferred/);
  });

  test.each(hostile)('when the connection to Crisp throws %s', async (_, thrown) => {
    const answer = () => {
      throw thrown();
    };

    const { output } = await handle({ answer });

    expect(output).toMatch(/job-failed|job-dead/);
  });

  test.each(hostile)('when the function itself throws %s in the middle of a fetch', async (_, thrown) => {
    const answer: Answer = (path, consumer) => {
      consumer.failOnce(thrown);
      return toConversation(path);
    };

    const { output } = await handle({ answer });

    expect(output).toContain('unexpected:');
  });

  // Node's own streams choke on an error with such getters, and the request ends at its deadline.
  const streamable = hostile.filter(([title]) => title !== 'an error with getters that throw');
  test.each(streamable)('when an answer breaks off with %s', async (_, thrown) => {
    const { output } = await handle({ answer: () => ({ body: breakingOff(thrown) }) });

    expect(output).toMatch(/job-failed|job-dead/);
  });

  const services: Service[] = ['s3', 'sns', 'sqs', 'dynamodb'];
  describe.each(services)('when every call to %s throws', (service) => {
    test.each(hostile)('%s', async (_, thrown) => {
      const { output } = await handle({ answer: toConversation, failing: { service, thrown } });

      expect(output).toMatch(
        service === 'sqs' ? /visibility-unchanged|job-acknowledged/ : /job-failed|ledger-unavailable/,
      );
    });
  });

  test.each([
    ['text', EVERY_CANARY],
    ['text that breaks off', `{"content":"${EVERY_CANARY}`],
    ['an envelope', JSON.stringify({ Type: EVERY_CANARY, TopicArn: EVERY_CANARY, Message: EVERY_CANARY })],
    ['a job for what is no session', JSON.stringify({ ...session, sessionId: EVERY_CANARY })],
    ['a job for what is no website', JSON.stringify({ ...session, websiteId: EVERY_CANARY })],
    ['a job of another version', JSON.stringify({ ...session, v: EVERY_CANARY })],
    [
      'a job with more in it',
      JSON.stringify({ ...session, content: EVERY_CANARY, mode: EVERY_CANARY, bucketMs: EVERY_CANARY }),
    ],
  ])('of a message whose body is %s', async (_, body) => {
    await handle({ answer: toConversation }, body);
  });
});

describe('an invocation that fails shows nothing private to the log of Lambda', () => {
  test.each<[string, unknown]>([
    ['that is none of SQS', { [EVERY_CANARY]: EVERY_CANARY, [CANARY.email]: 1 }],
    ['of another service', { Records: [{ eventSource: EVERY_CANARY, body: EVERY_CANARY }] }],
    [
      'without ids',
      { Records: [{ eventSource: 'aws:sqs', body: EVERY_CANARY, receiptHandle: EVERY_CANARY }] },
    ],
    ['that is text', EVERY_CANARY],
  ])('an event %s', async (_, event) => {
    const output = captureOutput();
    const { invoke } = createCanaryConsumer({ ledger, logLevel: 'debug', answer: toConversation });

    const failure = await invoke(event).catch((error: unknown) => error);

    expect(failure).toMatchObject({ name: 'BadInvocationError' });
    expect(findCanaries(asLambdaLogsIt(failure) + output.text())).toEqual([]);
  });

  test.each(hostile)('%s', async (_, thrown) => {
    const output = captureOutput();
    const consumer = createCanaryConsumer({ ledger, logLevel: 'debug', answer: toConversation });
    consumer.failOnce(thrown);

    const failure = await consumer.invoke(aBatch()).catch((error: unknown) => error);

    expect(failure).toMatchObject({ name: 'InvocationError' });
    expect(findCanaries(asLambdaLogsIt(failure) + output.text())).toEqual([]);
  });
});

test('the canaries are found in every form in which they are looked for', () => {
  for (const form of [
    EVERY_CANARY,
    BASIC_HEADER,
    Buffer.from(CANARY.tokenKey).toString('hex'),
    Buffer.from(`x${CANARY.content}`).toString('base64url'),
    JSON.stringify([[EVERY_CANARY]]),
    asLambdaLogsIt(new Error('', { cause: { a: CANARY.ip } })),
    asLambdaLogsIt(Object.assign(new Error(''), { $response: { body: CANARY.phone } })),
  ]) {
    expect(findCanaries(form)).not.toEqual([]);
  }
});

/**
 * Handles a message and looks at all that was said about it: in the log (where the environment asks for the most), in the
 * whole ledger, in the calls to SQS, and in the answer to Lambda. Returns what was said at `debug`.
 */
async function handle(
  { levels = DEBUG, ...options }: Pick<CanaryConsumerOptions, 'answer' | 'failing'> & { levels?: string[] },
  body = JSON.stringify({ v: 1, ...session }),
) {
  const said = { output: '', published: '' };
  for (const logLevel of levels) {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    vi.stubEnv('AWS_LAMBDA_LOG_LEVEL', logLevel.toUpperCase());
    onTestFinished(() => void vi.unstubAllEnvs());
    const output = captureOutput();
    const consumer = createCanaryConsumer({ ledger, logLevel, ...options });

    const response = await consumer.invoke(aBatch(body));

    for (const text of [
      output.text(),
      JSON.stringify(await scanLedger()),
      consumer.sqsCalls(),
      JSON.stringify(response),
    ]) {
      expect(findCanaries(text)).toEqual([]);
    }
    if (logLevel === 'debug') {
      said.output = output.text();
      said.published = consumer.published();
    }
  }
  return said;
}

async function scanLedger() {
  const { Items = [] } = await ledger.client.send(new ScanCommand({ TableName: ledger.table }));
  return Items;
}

let serial = 0;

function aBatch(body = JSON.stringify({ v: 1, ...session })) {
  serial += 1;
  const messageId = `message-${serial}`;
  return {
    Records: [{ messageId, receiptHandle: `handle-of-${messageId}`, body, eventSource: 'aws:sqs' }],
  };
}

/** More than Lambda's runtime shows: message, stack, causes, and every property, enumerable or not. */
function asLambdaLogsIt(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true, getters: true });
}

/** A conversation that has everything private in it. */
function toConversation(path: string): CanaryAnswer {
  const { websiteId: website_id, sessionId: session_id } = session;
  const ids = { website_id, session_id };
  const meta = {
    email: CANARY.email,
    phone: CANARY.phone,
    ip: CANARY.ip,
    data: { [CANARY.email]: EVERY_CANARY },
  };
  const message = {
    ...ids,
    content: EVERY_CANARY,
    fingerprint: 1,
    timestamp: 1_790_856_000_000,
    from: 'user',
  };
  const byEnd: Readonly<Record<string, unknown>> = {
    [session_id]: { ...ids, state: 'unresolved', last_message: CANARY.content, meta },
    messages: [message],
    relations: { note: EVERY_CANARY },
    1: [{ page_title: EVERY_CANARY, page_url: `https://example.com/?${CANARY.query}` }],
  };
  const end = path.split('?')[0]?.split('/').at(-1) ?? '';
  return { body: JSON.stringify({ error: false, data: byEnd[end] ?? ids }) };
}

function answers(): Readonly<Record<string, CanaryAnswer>> {
  const json = (body: unknown, status = 200): CanaryAnswer => ({ status, body: JSON.stringify(body) });
  const page = `<html><p>${EVERY_IDENTITY}</p><p>${CANARY.email} from ${CANARY.ip}, ${CANARY.phone}</p>`;
  const html = { 'content-type': 'text/html' };
  const secretReasons = [CANARY.tokenKey, CANARY.tokenIdentifier].flatMap((reason) => [
    [`an error whose reason is a secret (${reason.length})`, json({ error: true, reason })],
    [`a refusal whose reason is a secret (${reason.length})`, json({ error: true, reason }, 400)],
    [`a 403 whose reason is a secret (${reason.length})`, json({ error: true, reason }, 403)],
  ]);
  const refusals = [301, 400, 401, 402, 403, 404, 410, 420, 422, 423, 429, 500, 503].map((status) => [
    `a ${status}`,
    {
      ...json({ error: true, reason: EVERY_CANARY, data: { message: EVERY_CANARY } }, status),
      headers: {
        location: `https://${CANARY.tokenIdentifier}:${CANARY.tokenKey}@example.com/c4n4ry?${CANARY.query}`,
        'retry-after': EVERY_CANARY,
      },
    },
  ]);
  return {
    'a page': { headers: html, body: page },
    'a page that begins with a secret': { headers: html, body: `${CANARY.tokenKey} ${BASIC_HEADER} ${page}` },
    'a page in which a secret is cut off': {
      headers: html,
      body: `${'x '.repeat(35)}${CANARY.tokenKey} ${page}`,
    },
    'of a strange type': { headers: { 'content-type': EVERY_IDENTITY }, body: 'nothing' },
    'of a type that is a secret': { headers: { 'content-type': CANARY.tokenKey }, body: 'nothing' },
    'in a strange encoding': { headers: { 'content-encoding': EVERY_IDENTITY } },
    'in an encoding that is a secret': { headers: { 'content-encoding': CANARY.tokenKey } },
    'JSON that breaks off': { body: `{"error":false,"data":{"last_message":"${EVERY_CANARY}` },
    'an error in a sentence': json({ error: true, reason: EVERY_CANARY, data: { message: EVERY_CANARY } }),
    'another conversation': json({ error: false, data: { session_id: EVERY_CANARY } }),
    'no object': json({ error: false, data: EVERY_CANARY }),
    ...Object.fromEntries([...secretReasons, ...refusals]),
  };
}

function breakingOff(thrown: () => unknown): Readable {
  async function* pieces() {
    yield Buffer.from(`{"data":"${EVERY_CANARY}`);
    throw thrown();
  }
  return Readable.from(pieces());
}
