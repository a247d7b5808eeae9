import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { createFakeLedger } from '../support/aws.ts';
import { BROKEN_BYTES } from '../support/broken-bytes.ts';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { createConsumerScene } from '../support/consumer-scene.ts';
import { failureOf, type ScriptedAnswer, setUpCrisp } from '../support/crisp.ts';

describe('broken bytes', () => {
  const conversation = { website_id: WEBSITE_ID, session_id: 'session_a' };

  test.each(BROKEN_BYTES)(
    '%s, over a real socket: a failure of Crisp’s, and the next request is answered',
    async (_, answer, reason) => {
      let isBroken = true;
      const { crisp, server } = await setUpCrisp(() => (isBroken ? answer : { data: conversation }));

      const failure = await failureOf(crisp.getConversation(aSession()));
      expect(failure).toMatchObject({ reason, disposition: 'transient', route: 'website/conversation' });
      if ('fault' in answer) expect(server.requests).toHaveLength(1);
      isBroken = false;
      expect(await crisp.getConversation(aSession())).toEqual(conversation);
    },
  );
});

describe('consumer broken bytes', () => {
  const SESSIONS = { A: aSession('session_a'), B: aSession('session_b'), C: aSession('session_c') };
  const ledger = createFakeLedger();
  afterEach(async () => {
    for (const sk of ['state', 'streak'])
      await ledger.client.send(
        new DeleteItemCommand({ TableName: ledger.table, Key: { pk: { S: 'breaker' }, sk: { S: sk } } }),
      );
  });

  /** One instance; `isStruck` says which requests get the broken bytes, the website's own has no session. */
  async function setUp(answer: ScriptedAnswer, isStruck: (sessionId: string) => boolean) {
    const crisp = { isBroken: true };
    const scene = await createConsumerScene({
      ledger,
      crisp: ({ sessionId }) => (crisp.isBroken && isStruck(sessionId) ? answer : undefined),
    });
    onTestFinished(() => scene.close());
    const failures = () => scene.telemetry.named('job-failed').map(({ code, attempt }) => [code, attempt]);
    const recorded = () => scene.records.map(({ session_id }) => session_id).sort();
    return { crisp, scene, failures, recorded };
  }

  test.each(BROKEN_BYTES)(
    '%s for every request: the queue is held, no attempt is spent, and then there are all records',
    async (title, answer, reason) => {
      const { crisp, scene, failures, recorded } = await setUp(answer, () => true);
      const messages = Object.fromEntries(
        Object.entries(SESSIONS).map(([id, session]) => [`${title} ${id}`, session]),
      );

      const failed = await scene.deliver(messages);
      const isHeld = await scene.isSwitchedOff();
      // The hold is over, and so is what was wrong.
      crisp.isBroken = false;
      scene.clock.shift(121_000);
      const failedAgain = await scene.deliver(messages, 2);

      expect(failed).toHaveLength(3);
      expect(isHeld).toBe(true);
      expect(failures()).toEqual(Array(failures().length).fill([reason, 1]));
      expect(failures()).not.toEqual([]);
      expect(failedAgain).toEqual([]);
      expect(recorded()).toEqual(['session_a', 'session_b', 'session_c']);
    },
  );

  test.each(BROKEN_BYTES)(
    '%s for one conversation alone: five attempts of its own, and the others have their records',
    async (title, answer, reason) => {
      const { scene, failures, recorded } = await setUp(answer, (sessionId) => sessionId === 'session_a');
      const messages = Object.fromEntries(
        Object.entries(SESSIONS).map(([id, session]) => [`${title} one ${id}`, session]),
      );
      const poisoned = `${title} one A`;

      const failed = [await scene.deliver(messages)];
      for (let receive = 2; receive <= 6; receive += 1) {
        scene.clock.shift(10 * 60_000);
        failed.push(await scene.deliver({ [poisoned]: SESSIONS.A }, receive));
      }

      expect(failed).toEqual(Array(6).fill([poisoned]));
      expect(await scene.isSwitchedOff()).toBe(false);
      expect(failures()).toEqual([1, 2, 3, 4, 5].map((attempt) => [reason, attempt]));
      expect(scene.telemetry.named('job-dead')).toMatchObject([{ messageId: poisoned, code: reason }]);
      expect(recorded()).toEqual(['session_b', 'session_c']);
    },
  );
});
