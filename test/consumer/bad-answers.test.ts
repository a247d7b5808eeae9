import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { type AnswerRow, BAD_ANSWERS, type Fate, refusal } from '../bad-inputs/crisp-answers.ts';
import { createFakeLedger } from '../support/aws.ts';
import { aSession } from '../support/builders.ts';
import {
  type ConsumerScene,
  createConsumerScene,
  type Misbehaviour,
  RETRY_BASE_SECONDS,
} from '../support/consumer-scene.ts';
import type { ScriptedAnswer } from '../support/crisp.ts';

/** A consumer before a Crisp that answers so. */
async function aScene(crisp: Misbehaviour): Promise<ConsumerScene> {
  const scene = await createConsumerScene({ ledger: createFakeLedger(), crisp });
  onTestFinished(scene.close);
  return scene;
}

/** One delivery after the other, each of a session of its own. */
async function deliverEach(scene: ConsumerScene, ...names: string[]) {
  for (const name of names) await scene.deliver({ [name]: aSession(`session_${name}`) });
}

describe('consumer bad answers', () => {
  const bad = aSession('session_a');
  const healthy = aSession('session_healthy');
  const MAX_ATTEMPTS = 5;

  // What follows from an answer follows from its reason: the answers themselves are told apart in the adapter's tests.
  const oneOfEachReason = [
    ...new Map(BAD_ANSWERS.map((row) => [`${row.reason} ${row.route}`, row])).values(),
  ];

  /** A consumer to which Crisp gives the row's answer for one session, and good ones for all others. */
  const setUpScene = (row: Pick<AnswerRow, 'answer' | 'route'> & { website?: ScriptedAnswer }) =>
    aScene(({ sessionId, part }) => {
      if (sessionId === '') return row.website;
      return sessionId === bad.sessionId && part === row.route ? row.answer : undefined;
    });

  test.each(oneOfEachReason)(
    '$row $title: the session $fate, announces nothing, and harms no other',
    async (row) => {
      const scene = await setUpScene(row);
      // What Crisp denies one session is final only where another one is known to be served.
      await scene.deliver({ B0: healthy });

      expect(await scene.deliver({ A1: bad, A2: bad, B1: healthy })).toEqual(['A1', 'A2']);
      expect(scene.records.map(({ session_id }) => session_id)).toEqual([healthy.sessionId]);
      await FATES[row.fate](scene, row);
      expect(scene.records).toHaveLength(1);
    },
  );

  test.each([
    ['5', RETRY_BASE_SECONDS, RETRY_BASE_SECONDS],
    ['45', 45, 45],
    ['(a date in two minutes)', 100, 120],
    ['-1', RETRY_BASE_SECONDS, RETRY_BASE_SECONDS],
    ['banana', RETRY_BASE_SECONDS, RETRY_BASE_SECONDS],
    ['999999', 3600, 3600],
  ])('R18 Retry-After: %s hides the message for %i to %i s', async (retryAfter, least, most) => {
    const scene = await setUpScene({
      // The date is made when Crisp answers: the machine may have been slow until then.
      get answer() {
        const value = retryAfter.startsWith('(') ? inTwoMinutes() : retryAfter;
        return { ...refusal(429, 'rate_limited'), headers: { 'retry-after': value } };
      },
      route: 'conversation',
    });

    await scene.deliver({ A1: bad });

    expect(scene.hiddenFor('A1')).toBeGreaterThanOrEqual(least);
    expect(scene.hiddenFor('A1')).toBeLessThanOrEqual(most);
  });

  test.each([
    ['R13 a rejected token', refusal(401, 'invalid_session')],
    ['R19 a spent quota', refusal(423, 'quota_limit_exceeded')],
    ['R18 a refusal for longer than a minute', { status: 429, headers: { 'retry-after': '61' } }],
  ])(
    '%s for the website, too, stops the deliveries, and what still comes is held without a call',
    async (_, answer) => {
      const scene = await setUpScene({ answer, route: 'conversation', website: answer });

      await scene.deliver({ A1: bad });
      const before = scene.requests();
      const failed = await scene.deliver({ A1: bad, B1: healthy }, 2);

      expect(await scene.isSwitchedOff()).toBe(true);
      expect(failed).toEqual(['A1', 'B1']);
      expect(scene.requests()).toBe(before);
      expect(scene.hiddenFor('B1')).toBeGreaterThanOrEqual(60);
    },
  );

  test('R18 a refusal for a moment stops nothing', async () => {
    const scene = await setUpScene({ answer: refusal(429, 'rate_limited'), route: 'conversation' });
    await scene.deliver({ A1: bad });
    expect(await scene.isSwitchedOff()).toBe(false);
  });

  const FATES: Readonly<Record<Fate, (scene: ConsumerScene, row: AnswerRow) => Promise<void>>> = {
    async retried(scene, { reason }) {
      for (let receive = 2; receive <= MAX_ATTEMPTS; receive += 1) {
        expect(scene.hiddenFor('A1')).toBeGreaterThanOrEqual(RETRY_BASE_SECONDS);
        await scene.deliver({ A1: bad, A2: bad }, receive);
      }
      expect(codesOf(scene, 'job-dead')).toEqual([reason, reason]);
      await expectNoFurtherCall(scene, MAX_ATTEMPTS + 1);
    },

    async waits(scene, { reason }) {
      expect(codesOf(scene, 'job-failed')).toEqual([reason, reason]);
      for (let receive = 2; receive <= 2 * MAX_ATTEMPTS; receive += 1) {
        expect(scene.hiddenFor('A1')).toBeGreaterThanOrEqual(RETRY_BASE_SECONDS);
        expect(await scene.deliver({ A1: bad, A2: bad }, receive)).toEqual(['A1', 'A2']);
      }
      expect(codesOf(scene, 'job-dead')).toEqual([]);
    },

    async dead(scene, { reason }) {
      expect(codesOf(scene, 'job-dead')).toEqual([reason, reason]);
      await expectNoFurtherCall(scene, 2);
    },

    async 'looks-again'(scene) {
      expect(scene.hiddenFor('A1')).toBe(15);
      scene.clock.shift(15_000);
      // Never announced, so nobody is told that it is gone.
      expect(await scene.deliver({ A1: bad, A2: bad }, 2)).toEqual([]);
      expect(codesOf(scene, 'job-failed')).toEqual([]);
    },
  };

  /** The message is shown again at once until SQS moves it away, and costs Crisp nothing. */
  async function expectNoFurtherCall(scene: ConsumerScene, receiveCount: number): Promise<void> {
    const before = scene.requests();

    expect(await scene.deliver({ A1: bad, A2: bad }, receiveCount)).toEqual(['A1', 'A2']);

    expect(scene.requests()).toBe(before);
    expect([scene.hiddenFor('A1'), scene.hiddenFor('A2')]).toEqual([0, 0]);
  }

  function inTwoMinutes(): string {
    return new Date(systemClock.nowMs() + 120_000).toUTCString();
  }

  function codesOf({ telemetry }: ConsumerScene, name: 'job-dead' | 'job-failed'): string[] {
    return telemetry.named(name).map(({ code }) => code);
  }
});

describe('consumer foreign answers', () => {
  const page = (status: number, headers: Readonly<Record<string, string>> = {}): ScriptedAnswer => ({
    status,
    body: '<!DOCTYPE html><title>Back in a minute</title>',
    headers: { 'content-type': 'text/html', ...headers },
  });

  test.each<[string, ScriptedAnswer]>([
    ['a 403 of a firewall', page(403)],
    ['a 400 of a proxy', page(400)],
    ['a 404 of a proxy', page(404)],
    ['a 410 without a body', { status: 410, body: '' }],
    ['a redirect to a page about maintenance', page(302, { location: 'https://status.example.com/' })],
    ['a route that Crisp does not know', refusal(404, 'not_found', 'the route does not exist')],
  ])('%s for everything ends no session: the deliveries stop', async (_, answer) => {
    const scene = await aScene(() => answer);

    await deliverEach(scene, 'a', 'b', 'c', 'd', 'e');

    expect(scene.telemetry.named('job-dead')).toEqual([]);
    expect(scene.telemetry.named('job-failed').map(({ decision }) => decision)).not.toContain('dead');
    expect(await scene.isSwitchedOff()).toBe(true);
  });

  test('a page of a proxy on the route of conversations alone ends no session: the third in a row stops the deliveries', async () => {
    const scene = await aScene(({ sessionId }) => (sessionId === '' ? undefined : page(403)));

    await deliverEach(scene, 'a', 'b');
    expect(await scene.isSwitchedOff()).toBe(false);
    await deliverEach(scene, 'c', 'd', 'e');

    expect(await scene.isSwitchedOff()).toBe(true);
    expect(scene.telemetry.named('job-dead')).toEqual([]);
  });

  test('a 404 of a proxy announces no removal, however often it comes', async () => {
    const { scene, session } = await setUpArchived({ conversation: page(404) });

    for (const receive of [1, 2, 3]) {
      await scene.deliver({ second: session }, receive);
      scene.clock.shift(60_000);
    }

    expect(scene.records.map(({ kind }) => kind)).toEqual(['conversation.enriched']);
  });

  test.each<[string, ScriptedAnswer]>([
    ['of Crisp', refusal(404, 'website_not_found')],
    ['of a proxy', page(404)],
  ])('a conversation is not removed while its website is a 404 %s: its message waits', async (_, website) => {
    const { scene, session } = await setUpArchived({ conversation: refusal(404, 'not_found'), website });

    await scene.deliver({ second: session });
    scene.clock.shift(16_000);
    expect(await scene.deliver({ second: session }, 2)).toEqual(['second']);
    expect(scene.records.map(({ kind }) => kind)).toEqual(['conversation.enriched']);
    expect(await scene.isSwitchedOff()).toBe(true);
    expect(scene.telemetry.named('job-failed').at(-1)).toMatchObject({ decision: 'defer' });
  });

  /** A session that has a record, and a Crisp that gives these answers from then on. */
  async function setUpArchived(answers: { conversation: ScriptedAnswer; website?: ScriptedAnswer }) {
    let isWell = true;
    const scene = await aScene(({ sessionId, part }) => {
      if (isWell) return undefined;
      if (sessionId === '') return answers.website;
      return part === 'conversation' ? answers.conversation : undefined;
    });
    const session = aSession('session_archived');
    await scene.deliver({ first: session });
    isWell = false;
    return { scene, session };
  }
});
