import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createFakeLedger, isLegalForSqs } from '../support/aws.ts';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { captureOutput } from '../support/cli.ts';
import {
  type Answer,
  type CanaryAnswer,
  type CanaryConsumerOptions,
  createCanaryConsumer,
  createConsumerScene,
  type Service,
} from '../support/consumer-scene.ts';
import type { ScriptedAnswer } from '../support/crisp.ts';
import {
  BASIC_HEADER,
  CANARY,
  EVERY_CANARY,
  EVERY_IDENTITY,
  findCanaries,
  hostileErrors,
} from '../support/hostile.ts';

describe('consumer odd content', () => {
  const session = aSession();
  const envelope = (data: string): ScriptedAnswer => ({ body: `{"error":false,"data":${data}}` });
  const ENRICH_INCLUDE = 'profile,pages,events,relations';
  const ledger = createFakeLedger();

  const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);

  interface Texts {
    readonly conversation?: string;
    readonly messages?: string;
    /** Of profile, pages, events and relations. */
    readonly included?: string;
  }

  /** The record of a conversation of which Crisp sends these texts of JSON, and all that was told meanwhile. */
  async function recordOf({ conversation = '{}', messages = '[]', included }: Texts) {
    const ids = `"website_id":"${WEBSITE_ID}","session_id":"${session.sessionId}"`;
    const scene = await createConsumerScene({
      ledger,
      environment: { MAX_RESPONSE_BYTES: '4000000', INLINE_LIMIT_BYTES: '262144', ENRICH_INCLUDE },
      crisp: ({ part }) => {
        if (part === 'conversation')
          return envelope(conversation.replace('{', `{${ids},`).replace(',}', '}'));
        if (part === 'messages') return envelope(messages);
        return envelope(included ?? (part === 'relations' ? '{}' : '[]'));
      },
    });
    onTestFinished(() => scene.close());

    const failed = await scene.deliver({ A1: session });
    const [record] = scene.records;
    const archived = record && (await scene.archived(session, record.version));
    return { failed, record, archived, scene };
  }

  const texts: Readonly<Record<string, string>> = {
    'a script': '<script>alert(1)</script></script><img src=x onerror=alert(1)>',
    'a link that runs': 'javascript:alert(document.domain)',
    'the title of a terminal': '\u001b]0;owned\u0007\u001b[2J\u001b[31m',
    'text that runs backwards': '\u202egpj.exe\u2066\u2028\u2029',
    'a line of a log': '\n{"level":"error","message":"forged"}\r\n',
    'what SQS refuses': '\u0000\u0001\u001f\ufffe\uffff\ud800 \udc00',
    'an emoji of a family': '👨‍👩‍👧‍👦',
    'a line of a mebibyte': 'x'.repeat(1024 * 1024),
  };

  describe('text that a visitor typed', () => {
    test.each(Object.entries(texts))('R24 %s is kept and announced as it is', async (_, content) => {
      const messages = [{ type: 'text', from: 'user', fingerprint: 1, timestamp: 1, content }];
      const conversation = JSON.stringify({ meta: { nickname: content, data: { note: content } } });

      const told = await recordOf({ conversation, messages: JSON.stringify(messages) });
      const { failed, archived = '', record, scene } = told;

      expect(failed).toEqual([]);
      expect(isLegalForSqs(archived)).toBe(true);
      const kept = JSON.parse(archived);
      expect(kept.messages).toEqual(messages);
      expect(kept.meta).toEqual({ nickname: content, data: { note: content } });
      // A record of a mebibyte travels as a pointer to the archive.
      expect(record).toMatchObject(content.length > 1000 ? { claim_check: {} } : { messages });
      expect(JSON.stringify(scene.telemetry.events)).not.toContain(JSON.stringify(content).slice(1, 20));
    });
  });

  describe('data that is not what it seems', () => {
    test('R25 a custom field __proto__ is a field of the record, and of nothing else', async () => {
      const conversation =
        '{"meta":{"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}},"__proto__":{"polluted":1}}';

      const { failed, archived } = await recordOf({ conversation });

      expect(failed).toEqual([]);
      expect(archived).toContain(
        '"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
      );
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    });

    test('R7 R8 messages of any form are in the record as they came', async () => {
      const hologram = { type: 'hologram', content: null };
      const odd = [null, 7, 'text', [], {}, hologram, { type: 7, content: [1, { a: 1 }] }];

      const { failed, archived = '' } = await recordOf({ messages: JSON.stringify(odd) });

      expect(failed).toEqual([]);
      const { messages } = JSON.parse(archived);
      expect(messages).toHaveLength(odd.length);
      expect(messages).toEqual(expect.arrayContaining(odd));
    });

    test('R26 fields of other types than the record promises are set aside, and told by their paths alone', async () => {
      const conversation =
        '{"state":4111,"created_at":"4111","assigned":[],"meta":{"data":[],"segments":{},"nickname":4111},"people_id":"4111"}';

      const { failed, record, scene } = await recordOf({ conversation });

      expect(failed).toEqual([]);
      expect(record).toMatchObject({
        ...{ state: null, created_at: null, assigned: null, people_id: null, profile: null },
        meta: { data: {}, segments: [], nickname: null },
        enrichment: { odd_fields: expect.arrayContaining([{ path: 'meta.data', value: [] }]) },
      });
      expect(scene.telemetry.named('fields-odd')).toMatchObject([{ count: 7 }]);
      expect(JSON.stringify(scene.telemetry.events)).not.toContain('4111');
    });

    const ALL = ['events', 'pages', 'profile', 'relations'];
    test.each([
      ['an empty list', '[]', ['profile', 'relations'], []],
      ['text', '"text"', ALL, 'text'],
      ['a number', '7', ALL, 7],
      ['nothing', 'null', [], undefined],
    ])(
      'R26 %s for a profile, for lists and for relations stops nothing',
      async (_, included, paths, value) => {
        const { failed, record } = await recordOf({ conversation: `{"people_id":"${PEOPLE_ID}"}`, included });

        expect(failed).toEqual([]);
        expect(record).toMatchObject({ profile: null, pages: [], events: [], relations: {} });
        const odd = Object(record).enrichment.odd_fields.toSorted(byPath);
        expect(odd).toEqual(paths.map((path) => ({ path, value })));
      },
    );

    test("R26 another person's profile is left out, and nothing of it is anywhere", async () => {
      const value = '00000000-0000-4000-8000-000000000000';

      const { failed, record, archived, scene } = await recordOf({
        conversation: `{"people_id":"${PEOPLE_ID}"}`,
        included: `{"people_id":"${value}","email":"canary@example.com"}`,
      });

      expect(failed).toEqual([]);
      expect(record).toMatchObject({ profile: null, people_id: PEOPLE_ID });
      expect(Object(record).enrichment.odd_fields).toContainEqual({ path: 'profile.people_id', value });
      expect(archived).not.toContain(`"profile":{`);
      expect(JSON.stringify(scene.telemetry.events)).not.toContain('canary');
    });

    test('R26 ids of a message that are no ids stop nothing', async () => {
      const messages = [7, null, '', [], {}, 'session_', 'nobody'].map((id, fingerprint) => ({
        ...{ fingerprint, timestamp: 1, session_id: id, website_id: id },
      }));

      const { failed, archived = '' } = await recordOf({ messages: JSON.stringify(messages) });

      expect(failed).toEqual([]);
      expect(JSON.parse(archived).messages).toEqual(messages);
    });

    test('content nested too deep to be written is bad_response:too_deep, and nothing is written', async () => {
      const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
      const { scene } = await recordOf({ messages: `[{"fingerprint":1,"content":${deep}}]` });
      expect(scene.telemetry.named('job-failed')).toMatchObject([{ code: 'bad_response:too_deep' }]);
      expect(scene.writes()).toBe(0);
    });
  });
});

describe('consumer canary', () => {
  // The level at which everything is said, and those at which less is.
  const DEBUG = ['debug'];
  const EVERY_LEVEL = ['debug', 'info', 'warn', 'error'];
  const session = aSession();
  const hostile = Object.entries(hostileErrors(EVERY_CANARY));
  const ledger = createFakeLedger();

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
      expect((await handle({ answer })).output).toMatch(/job-failed|job-dead/);
    });

    test.each(hostile)('when the function itself throws %s in the middle of a fetch', async (_, thrown) => {
      const answer: Answer = (path, consumer) => {
        consumer.failOnce(thrown);
        return toConversation(path);
      };

      expect((await handle({ answer })).output).toContain('unexpected:');
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
    const shown = { output: '', published: '' };
    for (const logLevel of levels) {
      vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
      vi.stubEnv('AWS_LAMBDA_LOG_LEVEL', logLevel.toUpperCase());
      onTestFinished(() => void vi.unstubAllEnvs());
      const output = captureOutput();
      const consumer = createCanaryConsumer({ ledger, logLevel, ...options });

      const response = await consumer.invoke(aBatch(body));

      const said = [output.text(), consumer.sqsCalls(), JSON.stringify([await scanLedger(), response])];
      expect(said.flatMap(findCanaries)).toEqual([]);
      if (logLevel === 'debug')
        Object.assign(shown, { output: output.text(), published: consumer.published() });
    }
    return shown;
  }

  async function scanLedger() {
    const { Items = [] } = await ledger.client.send(new ScanCommand({ TableName: ledger.table }));
    return Items;
  }

  let serial = 0;

  function aBatch(body = JSON.stringify({ v: 1, ...session })) {
    serial += 1;
    const messageId = `message-${serial}`;
    const receiptHandle = `handle-of-${messageId}`;
    return { Records: [{ messageId, receiptHandle, body, eventSource: 'aws:sqs' }] };
  }

  /** More than Lambda's runtime shows: message, stack, causes, and every property, enumerable or not. */
  function asLambdaLogsIt(error: unknown): string {
    return inspect(error, { depth: 10, showHidden: true, getters: true });
  }

  /** A conversation that has everything private in it. */
  function toConversation(path: string): CanaryAnswer {
    const { websiteId: website_id, sessionId: session_id } = session;
    const ids = { website_id, session_id };
    const { email, phone, ip } = CANARY;
    const meta = { email, phone, ip, data: { [email]: EVERY_CANARY } };
    const moment = { fingerprint: 1, timestamp: 1_790_856_000_000, from: 'user' };
    const message = { ...ids, ...moment, content: EVERY_CANARY };
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
    const sentence = { error: true, reason: EVERY_CANARY, data: { message: EVERY_CANARY } };
    const location = `https://${CANARY.tokenIdentifier}:${CANARY.tokenKey}@example.com/c4n4ry?${CANARY.query}`;
    const headers = { location, 'retry-after': EVERY_CANARY };
    const statuses = [301, 400, 401, 402, 403, 404, 410, 420, 422, 423, 429, 500, 503];
    const refusals = statuses.map((status) => [`a ${status}`, { ...json(sentence, status), headers }]);
    return {
      'a page': { headers: html, body: page },
      'that begins with a secret': { headers: html, body: `${CANARY.tokenKey} ${BASIC_HEADER} ${page}` },
      'that cuts a secret off': { headers: html, body: `${'x '.repeat(35)}${CANARY.tokenKey} ${page}` },
      'of a strange type': { headers: { 'content-type': EVERY_IDENTITY }, body: 'nothing' },
      'of a type that is a secret': { headers: { 'content-type': CANARY.tokenKey }, body: 'nothing' },
      'in a strange encoding': { headers: { 'content-encoding': EVERY_IDENTITY } },
      'in an encoding that is a secret': { headers: { 'content-encoding': CANARY.tokenKey } },
      'JSON that breaks off': { body: `{"error":false,"data":{"last_message":"${EVERY_CANARY}` },
      'an error in a sentence': json(sentence),
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
});
