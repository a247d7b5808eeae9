import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CrispApi } from '../../lib/crisp/client.ts';
import type { CrispPool } from '../../lib/crisp/http.ts';
import { JobError } from '../../lib/errors.ts';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import {
  aCrispClient,
  createScriptedCrisp,
  failureOf,
  MAX_RESPONSE_BYTES,
  type RecordedRequest,
  type ScriptedAnswer,
  setUpCrisp,
} from '../support/crisp.ts';
import { aSelfSignedCertificate, type Certificate } from '../support/files.ts';
import { HOSTILE_VALUES } from '../support/hostile.ts';
import { createMemoryParameterStore } from '../support/parameters.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('crisp http', () => {
  const session = aSession();
  const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };
  const readConversation = (crisp: CrispApi) => crisp.getConversation(session);
  const readMessages = (crisp: CrispApi) => crisp.listMessages(session);

  /** A few turns of the event loop: an answer's connection is free again. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  }

  describe('connections that fail', () => {
    const closed = { fault: 'close-in-body', data: conversation } as const;
    const unknown = { connection: 'close', 'transfer-encoding': 'identity' };
    const rows: [string, ScriptedAnswer, string][] = [
      ['a close within the body', closed, 'bad_response:truncated'],
      ['a close within a body of unknown length', { ...closed, headers: unknown }, 'bad_response:truncated'],
    ];

    test.each(rows)('%s is told and not repeated', async (_, answer, reason) => {
      const { crisp, server } = await setUpCrisp([answer]);
      expect((await failureOf(readConversation(crisp))).reason).toBe(reason);
      expect(server.requests).toHaveLength(1);
    });

    test.each(['never', 'stall-in-body'] as const)(
      'an answer that does not end (%s) is given up',
      async (fault) => {
        const { crisp } = await setUpCrisp([{ fault, data: conversation }], { deadlineMs: 50 });
        expect((await failureOf(readConversation(crisp))).message).toBe('crisp_timeout (no answer in 50 ms)');
      },
    );

    test('an answer that announces too much is refused before it comes', async () => {
      const { crisp } = await setUpCrisp([
        { fault: 'stall-in-body', body: ' '.repeat(MAX_RESPONSE_BYTES + 1) },
      ]);

      expect((await failureOf(readConversation(crisp))).code).toBe('response_too_large');
    });

    test('nobody listening is unreachable', async () => {
      const { crisp, server } = await setUpCrisp([{}]);
      await server.close();
      expect((await failureOf(readConversation(crisp))).message).toBe('crisp_unreachable (ECONNREFUSED)');
    });

    test.each(['reset', 'close'] as const)(
      'a kept connection that was dropped (%s) is repeated once, on another one',
      async (fault) => {
        const well = { data: conversation };
        const { crisp, server } = await setUpCrisp([well, { fault }, well]);
        let counted = 0;
        const onRequest = () => {
          counted += 1;
        };
        const observed = crisp.observedBy?.({ onRequest });
        await readConversation(crisp);
        await settle();

        expect(await observed?.getConversation(session)).toEqual(conversation);
        expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
        expect(counted).toBe(2);
      },
    );

    test('after one repetition it is a failure', async () => {
      const reset = { fault: 'reset' } as const;
      const { crisp, server } = await setUpCrisp([{ data: conversation }, reset, reset]);
      await readConversation(crisp);
      await settle();

      expect((await failureOf(readConversation(crisp))).code).toBe('crisp_unreachable');
      expect(server.requests).toHaveLength(3);
    });

    test('a caller who gives up is obeyed at once, with the error that it gave', async () => {
      const { crisp } = await setUpCrisp([{ fault: 'never' }]);
      const stop = new AbortController();
      const reading = failureOf(crisp.getConversation(session, stop.signal));

      stop.abort(new JobError('crisp_forbidden'));

      expect((await reading).code).toBe('crisp_forbidden');
    });

    test('a caller whose time is over gets deadline_reached', async () => {
      const { crisp, server } = await setUpCrisp([{ fault: 'never' }]);
      const failure = await failureOf(crisp.getConversation(session, AbortSignal.abort()));
      expect(failure.code).toBe('deadline_reached');
      expect(server.requests).toHaveLength(0);
    });

    test('https to a server that speaks none is a failure of TLS', async () => {
      const { crisp } = await setUpCrisp([{}], { protocol: 'https:' });
      expect((await failureOf(readConversation(crisp))).code).toBe('crisp_tls_failed');
    });
  });

  test('each request is told by its route without ids, one without an answer with status 0', async () => {
    const { crisp, telemetry } = await setUpCrisp(
      [{ status: 206, data: [] }, { fault: 'reset-in-body' }, { fault: 'never' }],
      {
        deadlineMs: 50,
      },
    );

    await readMessages(crisp);
    await failureOf(readMessages(crisp));
    await failureOf(readMessages(crisp));

    const told = telemetry.named('crisp-requested').map(({ route, status }) => `${route} ${status}`);
    expect(told).toEqual([
      'website/conversation/messages 206',
      'website/conversation/messages 200',
      'website/conversation/messages 0',
    ]);
  });

  test.each([
    ['before its connection is open, is not told: it never reached Crisp', false, 0, []],
    ['once it was sent, is told with status 0', true, 1, [0]],
  ])('a request that is given up %s', async (_when, isSent, received, told) => {
    const stop = new AbortController();
    const giveUp = () => stop.abort(new JobError('deadline_reached'));
    const { crisp, server, telemetry } = await setUpCrisp(() => {
      setTimeout(giveUp, 0);
      return { fault: 'never' };
    });
    // The connection is opened in a later turn of the event loop.
    const observed = crisp.observedBy?.({ onRequest: () => isSent || queueMicrotask(giveUp) });
    if (!observed) throw new Error('cannot be observed');

    const failure = await failureOf(observed.listMessages(session, undefined, stop.signal));

    expect(failure.code).toBe('deadline_reached');
    expect(server.requests).toHaveLength(received);
    expect(telemetry.named('crisp-requested').map(({ status }) => status)).toEqual(told);
  });
});

describe('memory', () => {
  const MIB = 1024 * 1024;

  // The default cap on a body.
  const MAX_RESPONSE_BYTES = 16 * MIB;
  const READER = fileURLToPath(new URL('../support/reading-process.ts', import.meta.url));

  /** Reads the answer in a process of its own. */
  async function readApart(bad: ScriptedAnswer): Promise<{ reason: string; grownBytes: number }> {
    const server = await createScriptedCrisp(({ url }) =>
      url.endsWith('session_bad') ? bad : { data: { session_id: 'session_a' } },
    );
    onTestFinished(() => server.close());
    const args = [READER, server.url.href, String(MAX_RESPONSE_BYTES)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
    return JSON.parse(stdout);
  }

  /** A body of a mebibyte or so that inflates to a gibibyte: gzip allows one stream after another. */
  function aBomb(): Buffer {
    return Buffer.concat(Array(16).fill(gzipSync(Buffer.alloc(64 * MIB))));
  }

  test.each<[string, ScriptedAnswer, string]>([
    [
      'R20 a gzip bomb of a gibibyte',
      { body: aBomb(), headers: { 'content-encoding': 'gzip' } },
      'response_too_large',
    ],
    [
      'R20 a bomb behind six encodings',
      { body: aBomb(), headers: { 'content-encoding': Array(6).fill('gzip').join(', ') } },
      'bad_encoding',
    ],
    [
      'R21 a stream of 30 MB',
      { body: Buffer.alloc(30_000_000, ' '), headers: { 'transfer-encoding': 'chunked' } },
      'response_too_large',
    ],
  ])('%s ends at the cap, and memory grows by less than 64 MiB', async (_, answer, expected) => {
    const { reason, grownBytes } = await readApart(answer);
    expect(reason).toBe(expected);
    expect(grownBytes / MIB).toBeLessThan(64);
  });
});

describe('untrusted server', () => {
  /** An HTTPS server that would answer well, and our client before it. */
  async function setUpServer(certificate: Certificate, hostname: string) {
    let requests = 0;
    const server = createServer(certificate, (_request, response) => {
      requests += 1;
      response.end('{"error":false,"data":{"session_id":"session_a"}}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server that listens has an address of this form.
    const { port } = server.address() as AddressInfo;
    const crisp = aCrispClient(new URL(`https://${hostname}:${port}/v1`));
    onTestFinished(async () => {
      await crisp.close();
      server.close();
    });
    return { crisp, requests: () => requests };
  }

  test.each([
    ['that nobody vouches for', aSelfSignedCertificate(), '127.0.0.1'],
    ['that has expired', aSelfSignedCertificate({ until: '210101000000Z' }), '127.0.0.1'],
    ['of another name', aSelfSignedCertificate(), 'localhost'],
  ])('a certificate %s ends the connection, before the token is sent', async (_, certificate, hostname) => {
    const { crisp, requests } = await setUpServer(certificate, hostname);
    const failure = await failureOf(crisp.getConversation(aSession()));
    expect(failure).toMatchObject({ code: 'crisp_tls_failed', disposition: 'outage' });
    expect(requests()).toBe(0);
  });
});

describe('total', () => {
  const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
  const session = aSession();
  const READS: readonly ((crisp: CrispApi) => Promise<unknown>)[] = [
    (crisp) => crisp.getConversation(session),
    (crisp) => crisp.listMessages(session, 7),
    (crisp) => crisp.getProfile(session.websiteId, PEOPLE_ID),
    (crisp) => crisp.listVisitedPages(session, 1),
    (crisp) => crisp.listEvents(session, 1),
    (crisp) => crisp.getRelations(session),
    (crisp) => crisp.getWebsite(session.websiteId),
  ];

  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(...HOSTILE_VALUES));
  const object = fc.dictionary(
    fc.constantFrom('session_id', 'website_id', 'people_id', 'reason', 'message', '__proto__'),
    fc.oneof(odd, fc.constantFrom(WEBSITE_ID, session.sessionId, PEOPLE_ID)),
  );
  const good = fc.record({
    error: fc.constant(false),
    data: fc.oneof(object, fc.array(object), fc.constantFrom(null, undefined, '', []), odd),
  });
  const text = fc
    .oneof(
      { weight: 4, arbitrary: good },
      fc.record({ error: odd, reason: odd, data: fc.oneof(object, odd) }, { requiredKeys: [] }),
      odd,
    )
    .map((value) => Buffer.from(JSON.stringify(value)));
  const body = fc.oneof(
    { weight: 6, arbitrary: text },
    text.map((bytes) => gzipSync(bytes)),
    fc.tuple(text, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1))),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  const header = fc.oneof(
    fc.string(),
    fc.array(fc.string()),
    fc.constantFrom('gzip', '7', '-1', 'https://[', '//x'),
  );
  const headers = fc.dictionary(
    fc.constantFrom('content-type', 'content-encoding', 'content-length', 'retry-after', 'location'),
    header,
  );
  const answer = fc.record({
    statusCode: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(200, 200, 200, 206, 404, 302, 429) },
      fc.integer({ min: 200, max: 599 }),
    ),
    headers: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, headers),
    body,
  });

  /** A pool whose every request gets the same answer. */
  function aPool({ body, ...answer }: { statusCode: number; headers: object; body: Buffer }): CrispPool {
    const request = async () => ({ ...answer, body: Readable.from(body.length > 0 ? [body] : []) });
    // The parts of undici's answer that are read.
    return { request, destroy: async () => {} } as unknown as CrispPool;
  }

  test('R1 R2 R3 R4 R6 whatever Crisp answers, each read gives data, or a JobError that is no defect of ours', async () => {
    const codes = new Set<string>();

    await fc.assert(
      fc.asyncProperty(answer, fc.constantFrom(...READS), async (given, read) => {
        const crisp = aCrispClient(new URL('https://api.example.com/v1'), {
          ...{ clock: createVirtualClock(), maxResponseBytes: 10_000, pool: aPool(given) },
        });
        const failure: unknown = await read(crisp).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );

        if (failure === undefined) return;
        expect(failure).toBeInstanceOf(JobError);
        const { code } = failure as JobError; // The line above says so.
        codes.add(code);
        expect(code).not.toBe('unexpected');
      }),
      { numRuns: 2000 },
    );

    expect([...codes]).toEqual(
      expect.arrayContaining(['bad_response', 'crisp_error', 'bad_encoding', 'session_mismatch']),
    );
  });
});

describe('rolled token', () => {
  const session = aSession();
  const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };

  /** A Crisp that takes one token, and a parameter store that has one, which was read once; either may be rolled. */
  async function createScene() {
    const store = createMemoryParameterStore({
      CRISP_TOKEN_IDENTIFIER: 'identifier',
      CRISP_TOKEN_KEY: 'key-1',
    });
    let accepted = 'key-1';
    const answer = ({ headers }: RecordedRequest) => {
      const expected = `Basic ${Buffer.from(`identifier:${accepted}`).toString('base64')}`;
      return headers.authorization === expected
        ? { data: conversation }
        : { status: 401, body: '{"error":true,"reason":"invalid_session","data":{}}' };
    };
    const { crisp, server } = await setUpCrisp(answer, { secrets: store.secrets });
    await crisp.getConversation(session);
    return {
      store,
      requests: () => server.requests.length,
      read: () => crisp.getConversation(session),
      rollAtCrisp: (key: string) => {
        accepted = key;
      },
      enter: (key: string) => store.put('CRISP_TOKEN_KEY', key),
    };
  }

  test('a token that was rolled on both sides costs one request and fails nothing', async () => {
    const { store, read, requests, rollAtCrisp, enter } = await createScene();
    await store.clock.advance(60_000);
    rollAtCrisp('key-2');
    enter('key-2');

    expect([await read(), await read()]).toEqual([conversation, conversation]);
    expect(requests()).toBe(1 + 2 + 1);
  });

  test('many requests that meet the rolled token together share one look at the parameter store', async () => {
    const { store, read, rollAtCrisp, enter } = await createScene();
    await store.clock.advance(60_000);
    const before = store.calls();
    rollAtCrisp('key-2');
    enter('key-2');

    expect(await Promise.all(Array.from({ length: 10 }, read))).toEqual(Array(10).fill(conversation));
    // The two halves of the token.
    expect(store.calls() - before).toBe(2);
  });

  test('where there is no newer token the request is not repeated, and the store is asked once a minute at most', async () => {
    const { store, read, requests, rollAtCrisp } = await createScene();
    const before = store.calls();
    rollAtCrisp('key-2');

    const failures = [];
    for (let n = 0; n < 100; n += 1) {
      failures.push(await failureOf(read()));
      await store.clock.advance(1800);
    }

    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['crisp_auth_failed']));
    expect(requests()).toBe(1 + 100);
    // Three minutes, the first of them just after a read: at 60 and 120 seconds, both halves.
    expect(store.calls() - before).toBe(2 * 2);
  });

  test('a token that is entered late is in use within a minute', async () => {
    const { store, read, rollAtCrisp, enter } = await createScene();
    rollAtCrisp('key-2');
    await failureOf(read());
    enter('key-2');

    await store.clock.advance(60_000);

    expect(await read()).toEqual(conversation);
  });

  test('a store that does not answer after a rejection leaves the rejection as it is', async () => {
    const { store, read, rollAtCrisp } = await createScene();
    rollAtCrisp('key-2');
    await store.clock.advance(60_000);
    store.fail(new Error('throttled'));

    expect(await failureOf(read())).toMatchObject({ code: 'crisp_auth_failed', status: 401 });
  });
});
