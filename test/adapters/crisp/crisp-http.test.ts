import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import type { CrispApi } from '../../../lib/ports/crisp-api.ts';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';
import { failureOf, MAX_RESPONSE_BYTES, setUpCrisp } from '../../support/crisp-over-http.ts';
import type { ScriptedAnswer } from '../../support/scripted-crisp.ts';

const session = aSession();
const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };
const readConversation = (crisp: CrispApi) => crisp.getConversation(session);
const readMessages = (crisp: CrispApi) => crisp.listMessages(session);

/** A few turns of the event loop: an answer's connection is free again. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

describe('connections that fail', () => {
  const rows: [string, ScriptedAnswer, string][] = [
    ['a reset before the headers', { fault: 'reset' }, 'crisp_unreachable'],
    ['a close before the headers', { fault: 'close' }, 'crisp_unreachable'],
    ['a reset within the body', { fault: 'reset-in-body', data: conversation }, 'crisp_unreachable'],
    ['a close within the body', { fault: 'close-in-body', data: conversation }, 'bad_response:truncated'],
    [
      'a close within a body of unknown length',
      {
        fault: 'close-in-body',
        data: conversation,
        headers: { connection: 'close', 'transfer-encoding': 'identity' },
      },
      'bad_response:truncated',
    ],
  ];

  test.each(rows)('%s is told and not repeated', async (_, answer, reason) => {
    const { crisp, server } = await setUpCrisp([answer]);

    const failure = await failureOf(readConversation(crisp));

    expect(failure.reason).toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  test.each(['never', 'stall-in-body'] as const)(
    'an answer that does not end (%s) is given up',
    async (fault) => {
      const { crisp } = await setUpCrisp([{ fault, data: conversation }], { deadlineMs: 50 });

      const failure = await failureOf(readConversation(crisp));

      expect(failure.message).toBe('crisp_timeout (no answer in 50 ms)');
    },
  );

  test('an answer that announces too much is refused before it comes', async () => {
    const { crisp } = await setUpCrisp([
      { fault: 'stall-in-body', body: ' '.repeat(MAX_RESPONSE_BYTES + 1) },
    ]);

    const failure = await failureOf(readConversation(crisp));

    expect(failure.code).toBe('response_too_large');
  });

  test('nobody listening is unreachable', async () => {
    const { crisp, server } = await setUpCrisp([{}]);
    await server.close();

    const failure = await failureOf(readConversation(crisp));

    expect(failure.message).toBe('crisp_unreachable (ECONNREFUSED)');
  });

  test.each(['reset', 'close'] as const)(
    'a kept connection that was dropped (%s) is repeated once, on another one',
    async (fault) => {
      const { crisp, server } = await setUpCrisp([{ data: conversation }, { fault }, { data: conversation }]);
      let counted = 0;
      const observed = crisp.observedBy?.(() => {
        counted += 1;
      });
      await readConversation(crisp);
      await settle();

      const read = await observed?.getConversation(session);

      expect(read).toEqual(conversation);
      expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
      expect(counted).toBe(2);
    },
  );

  test('after one repetition it is a failure', async () => {
    const { crisp, server } = await setUpCrisp([
      { data: conversation },
      { fault: 'reset' },
      { fault: 'reset' },
    ]);
    await readConversation(crisp);
    await settle();

    const failure = await failureOf(readConversation(crisp));

    expect(failure.code).toBe('crisp_unreachable');
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

    const failure = await failureOf(readConversation(crisp));

    expect(failure.code).toBe('crisp_tls_failed');
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
