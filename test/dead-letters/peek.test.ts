import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeadLetter } from '../../lib/dead-letters/dead-letter.ts';
import { MAX_PEEK_SECONDS, toPeekSeconds } from '../../lib/dead-letters/unseen.ts';
import { toSessionKey } from '../../lib/ids.ts';
import type { Failure } from '../../lib/ledger/failure-notes.ts';
import { aFailedRun, aRun, aSession } from '../support/builders.ts';
import {
  aLetter,
  createDeadLetterScene,
  type DeadLetterScene,
  letters,
} from '../support/dead-letter-scene.ts';

describe('peek seconds', () => {
  const counts = fc.nat({ max: 10_000_000 });
  const rates = fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined });

  test('a look is a time that SQS allows: a minute or more, twelve hours at most', () => {
    fc.assert(
      fc.property(counts, rates, (messages, ratePerSecond) => {
        const seconds = toPeekSeconds({ messages, ratePerSecond });

        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(60);
        expect(seconds).toBeLessThanOrEqual(MAX_PEEK_SECONDS);
      }),
    );
  });

  test('more messages take longer, and so does a slower rate', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 499 }), (messages, rate) => {
        const seconds = (count: number, ratePerSecond?: number) =>
          toPeekSeconds({ messages: count, ratePerSecond });

        expect(seconds(messages + 1, rate)).toBeGreaterThanOrEqual(seconds(messages, rate));
        expect(seconds(messages, rate)).toBeGreaterThanOrEqual(seconds(messages, rate + 1));
        expect(seconds(messages, rate)).toBeGreaterThanOrEqual(seconds(messages));
      }),
    );
  });
});

describe('list dead letters', () => {
  const FORBIDDEN: Failure = { code: 'crisp_forbidden', detail: undefined, hint: 'grant it', status: 403 };
  const permanently = { spendsAttempt: false, isPermanent: true, maxAttempts: 5, nowMs: 1_790_856_000_000 };

  test('each dead letter is joined with what the ledger knows of its message', async () => {
    const { queue, failureNotes, runLog, list, usual } = createDeadLetterScene();
    const [noted, logged, unknown] = [
      aLetter(),
      aLetter({ session: aSession('session_b') }),
      aLetter({ body: 'x' }),
    ];
    queue.bury(noted, logged, unknown);
    await failureNotes.noteFailure(noted.messageId, FORBIDDEN, permanently);
    const { messageId } = logged;
    await runLog.record([
      aFailedRun({ session: aSession('session_b'), messageId, startedMs: 1, code: 'crisp_timeout' }),
      aFailedRun({ session: aSession('session_b'), messageId: 'another', startedMs: 2 }),
    ]);
    const reasons = new Map<string, string>();

    await list({ ...usual, onLetter: async (it) => void reasons.set(it.messageId, it.reason.code) });

    expect([...reasons]).toEqual([
      [noted.messageId, 'crisp_forbidden'],
      [messageId, 'crisp_timeout'],
      [unknown.messageId, 'malformed_message'],
    ]);
  });

  test('the runs of a message that nobody could read are found by the message', async () => {
    const { queue, runLog, list, usual } = createDeadLetterScene();
    const letter = aLetter({ body: 'not a job' });
    queue.bury(letter);
    const run = aFailedRun({
      session: undefined,
      messageId: letter.messageId,
      attempt: 1,
      code: 'malformed_message',
    });
    await runLog.record([run]);
    const attempts: number[] = [];

    await list({ ...usual, onLetter: async (it) => void attempts.push(it.attempts) });

    expect(attempts).toEqual([1]);
  });

  test('a message that was received and never tried is told from one whose reason was lost', async () => {
    const { queue, runLog, list, usual } = createDeadLetterScene();
    const [throttled, held] = [aLetter(), aLetter({ session: aSession('session_b') })];
    queue.bury(throttled, held);
    await runLog.record([
      aRun({ session: aSession('session_b'), messageId: held.messageId, outcome: 'held', attempt: 1 }),
    ]);

    const { groups } = await list(usual);

    const expected = [
      ['max_receives_unreported', 1],
      ['reason_unrecorded', 1],
    ];
    expect(groups.map(({ code, count }) => [code, count])).toEqual(expected);
  });

  test('what does not match is looked at and not counted', async () => {
    const { queue, list, usual } = createDeadLetterScene();
    const { websiteId, sessionId } = aSession('session_3');
    queue.bury(...letters(12));

    const found = await list({ ...usual, filter: { websiteId, sessionId } });

    expect(found).toMatchObject({ seen: 12, matched: 1, unseen: { count: 0 } });
    expect(queue.ids()).toHaveLength(12);
  });

  test('the end of a dead letter’s time is told: retention from the move', async () => {
    const { queue, list, usual, clock } = createDeadLetterScene();
    const dayMs = 24 * 3600 * 1000;
    queue.bury(aLetter());
    await clock.advance(13 * dayMs);

    expect((await list(usual)).groups[0]?.expiresMs).toBe(clock.nowMs() + dayMs);
  });
});

describe('peek dead letters', () => {
  const seeAll = async () => undefined;

  /** Looks at every page; what each had, and the ids of all. */
  async function look(scene: DeadLetterScene, options: { max?: number } = {}, onPage = async () => {}) {
    const pages: DeadLetter[][] = [];
    const report = await scene.peek({ ...scene.usual, ...options }, async (page) => {
      pages.push([...page]);
      await onPage();
      return undefined;
    });
    return { report, pages, ids: pages.flat().map(({ messageId }) => messageId) };
  }

  test('a look sees every message once, ten at a time, and shows all of them again; none is visible while it lasts', async () => {
    const scene = createDeadLetterScene({ dead: 25 });
    const { queue } = scene;
    const visible: number[] = [];
    const { report, pages, ids } = await look(
      scene,
      {},
      async () => void visible.push(queue.visibleIds().length),
    );

    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(visible).toEqual([15, 5, 0]);
    expect(ids).toEqual(queue.ids());
    expect(report).toMatchObject({ seen: 25, totalAtStart: 25, unseen: { count: 0 }, ended: 'end' });
    expect(queue.visibleIds()).toHaveLength(25);
  });

  test('an error shows everything again', async () => {
    const { queue, peek, usual } = createDeadLetterScene({ dead: 15 });
    const look = peek(usual, async () => Promise.reject(new Error('no more paper')));
    await expect(look).rejects.toThrow('no more paper');
    expect(queue.visibleIds()).toHaveLength(15);
  });

  test('where some cannot be shown again, the others are, and the failure is told', async () => {
    const { queue, peek, usual } = createDeadLetterScene({ dead: 45 });
    const restore = queue.restore;
    let requests = 0;
    queue.restore = async (handles) => {
      requests += 1;
      if (requests === 2) throw new Error('not now');
      return restore(handles);
    };

    await expect(peek(usual, seeAll)).rejects.toThrow('not now');
    expect(queue.visibleIds().length).toBeGreaterThanOrEqual(35);
  });

  test('an interruption ends the look after the page that it meets, and shows everything again', async () => {
    const scene = createDeadLetterScene({ dead: 25 });
    const { report } = await look(scene, {}, async () => scene.stop.abort());
    expect(report).toMatchObject({ seen: 10, ended: 'interrupted' });
    expect(scene.queue.visibleIds()).toHaveLength(25);
  });

  test('a look that lasts too long ends before messages come back and are seen twice', async () => {
    const scene = createDeadLetterScene({ dead: 40 });
    const { report, ids } = await look(scene, {}, () => scene.clock.advance(20_000));

    expect(report.ended).toBe('time');
    expect(new Set(ids).size).toBe(ids.length);
    expect(scene.queue.visibleIds()).toHaveLength(40);
  });

  test('of one session ten messages are seen at a time: the look ends, and says how many it had expected', async () => {
    const { queue, peek, usual } = createDeadLetterScene();
    const session = aSession();
    queue.bury(...Array.from({ length: 14 }, () => aLetter({ session })));

    const report = await peek(usual, seeAll);

    expect(report).toMatchObject({ seen: 10, totalAtStart: 14, ended: 'end' });
    expect(report.unseen).toMatchObject({ count: 4, hidden: 0, waiting: 4, waitingReason: 'behind_ten' });
    expect(report.unseen.fullGroups).toEqual([toSessionKey(session)]);
  });

  test('a ledger that is away takes the reasons, and not the look', async () => {
    const scene = createDeadLetterScene({ dead: 1 });
    const failure = new Error('the ledger is away');
    scene.failureNotes.readMany = async () => Promise.reject(failure);
    const { report, pages } = await look(scene);

    expect(pages.flat().map(({ reason }) => reason.code)).toEqual(['reason_unrecorded']);
    expect(report.ledgerFailure).toBe(failure);
  });

  /** So many sessions, with so many dead letters each. */
  const sessionsOf = (sessions: number, each: number) =>
    Array.from({ length: sessions * each }, (_, index) =>
      aLetter({ session: aSession(`session_${Math.floor(index / each)}`) }),
    );

  test.each([
    ['5 sessions with 4 each', sessionsOf(5, 4)],
    ['7 sessions with 3 each', sessionsOf(7, 3)],
    ['3 sessions with 10 each', sessionsOf(3, 10)],
    ['40 sessions with 7 each', sessionsOf(40, 7)],
    [
      '4 sessions with 6, 9, 1 and 10',
      [6, 9, 1, 10].flatMap((each, at) => sessionsOf(1, each).map((it) => ({ ...it, group: `g${at}` }))),
    ],
    [
      'messages of five sessions that died in turn',
      sessionsOf(5, 4).sort((a, b) => ((a.messageId.at(-1) ?? '') < (b.messageId.at(-1) ?? '') ? -1 : 1)),
    ],
  ])('where a page cuts a session off, the rest of it is seen in a further pass: %s', async (_case, dead) => {
    const scene = createDeadLetterScene();
    scene.queue.bury(...dead);
    const { report, ids } = await look(scene);

    expect(ids.toSorted()).toEqual(dead.map(({ messageId }) => messageId).sort());
    expect(report).toMatchObject({ seen: dead.length, ended: 'end', unseen: { count: 0 } });
    expect(scene.queue.visibleIds()).toHaveLength(dead.length);
  });

  test('a queue that hands out one message of a session at a time is seen whole, too', async () => {
    const { queue, peek, usual } = createDeadLetterScene();
    queue.bury(...sessionsOf(5, 1));
    const { receive } = queue;
    queue.receive = async (seconds) => {
      const page = await receive(seconds);
      const firsts = new Map(page.map((it) => [it.group, it] as const).reverse());
      await queue.restore(page.filter((it) => firsts.get(it.group) !== it).map((it) => it.receiptHandle));
      return [...firsts.values()];
    };

    expect(await peek(usual, seeAll)).toMatchObject({ seen: 5, unseen: { count: 0 } });
  });

  test.each([
    ['where a page brings more', letters(25), 12],
    ['in a further pass', sessionsOf(5, 4), 19],
  ])('no more than the maximum are looked at, also %s', async (_case, dead, max) => {
    const scene = createDeadLetterScene();
    scene.queue.bury(...dead);
    const { report, ids } = await look(scene, { max });

    expect(ids).toHaveLength(max);
    expect(report).toMatchObject({ seen: max, ended: 'max' });
    expect(scene.queue.visibleIds()).toHaveLength(dead.length);
  });

  test('what is dropped while it is looked at unlocks the rest of its session without another pass', async () => {
    const { queue, drop, usual } = createDeadLetterScene();
    queue.bury(...sessionsOf(2, 14));
    expect(await drop(usual)).toMatchObject({ dropped: 28, unseen: { count: 0 } });
    expect(queue.ids()).toEqual([]);
  });

  test.each([
    ['whole', 20, { seen: 0, unseen: { count: 20, hidden: 20, waiting: 0 } }],
    ['half', 10, { seen: 10, unseen: { count: 10, hidden: 10, waiting: 0 } }],
  ])('a queue that another reader hides %s is told from an empty one', async (_case, hidden, expected) => {
    const { queue, peek, usual, clock } = createDeadLetterScene({ dead: 20 });
    for (let taken = 0; taken < hidden; taken += 10) await queue.receive(600);

    const report = await peek(usual, seeAll);

    expect(report).toMatchObject({ ...expected, totalAtStart: 20, ended: 'end' });
    // SQS does not say for how long others hide a message; twelve hours are the most.
    expect(report.unseen.hiddenUntilMs).toBe(clock.nowMs() + 12 * 3600 * 1000);
    expect(report.unseen.hiddenSinceMs).toBeUndefined();
  });

  test('what waits behind the hidden messages of its session is told as that', async () => {
    const { queue, peek, usual } = createDeadLetterScene();
    queue.bury(...sessionsOf(1, 14), aLetter({ session: aSession('session_b') }));
    await queue.receive(600);

    const { seen, unseen } = await peek(usual, seeAll);

    expect(seen).toBe(1);
    expect(unseen).toMatchObject({ count: 14, hidden: 10, waiting: 4, waitingReason: 'behind_hidden' });
  });

  test('a look that was killed is named to the next one, with the moment at which it hides nothing any more', async () => {
    const { peek, usual, clock } = createDeadLetterScene({ dead: 20 });
    const startedMs = clock.nowMs();
    // A killed process: its last page never ends.
    void peek(usual, () => new Promise(() => {}));
    await clock.advance(5000);

    const { seen, unseen } = await peek(usual, seeAll);
    await clock.advance((unseen.hiddenUntilMs ?? 0) - clock.nowMs());
    const later = await peek(usual, seeAll);

    expect(seen).toBe(10);
    expect(unseen).toMatchObject({ hidden: 10, hiddenSinceMs: startedMs });
    expect(later).toMatchObject({ seen: 20, unseen: { count: 0 } });
  });

  test('a look that has ended is not named, and the ledger is asked about others only where something is hidden', async () => {
    const { queue, peek, usual, lookNotes } = createDeadLetterScene();
    let asked = 0;
    const { open } = lookNotes;
    lookNotes.open = async (nowMs) => {
      asked += 1;
      return open(nowMs);
    };
    queue.bury(...letters(12));
    await peek(usual, seeAll);
    expect(asked).toBe(0);
    await queue.receive(600);

    expect((await peek(usual, seeAll)).unseen).toMatchObject({ hidden: 10, hiddenSinceMs: undefined });
  });

  test('a ledger that is away hinders no look, and leaves the longest time that there can be', async () => {
    const { queue, peek, usual, lookNotes, clock } = createDeadLetterScene();
    const away = async () => Promise.reject(new Error('away'));
    Object.assign(lookNotes, { begin: away, end: away, open: away });
    queue.bury(...letters(20));
    await queue.receive(600);

    const { seen, unseen } = await peek(usual, seeAll);

    expect([seen, unseen.hidden]).toEqual([10, 10]);
    expect(unseen.hiddenUntilMs).toBe(clock.nowMs() + 12 * 3600 * 1000);
  });

  test('counts that are a minute old raise no false alarm: visible and in flight count together', async () => {
    const { queue, peek, usual } = createDeadLetterScene({ dead: 20 });
    const { describe } = queue;
    // As SQS may answer just after another look: all in flight still.
    queue.describe = async () => ({ ...(await describe()), visible: 0, inFlight: 20 });

    expect((await peek(usual, seeAll)).unseen).toMatchObject({ count: 0, hidden: 0 });
  });

  test('what dies while a look lasts hides nothing of what is missing', async () => {
    const scene = createDeadLetterScene({ dead: 20 });
    const { queue, clock } = scene;
    await queue.receive(600);
    let later = Array.from({ length: 10 }, (_, at) =>
      aLetter({ session: aSession(`session_later_${at}`), sentMs: clock.nowMs() + 1 }),
    );
    const { report } = await look(scene, {}, async () => {
      queue.bury(...later);
      later = [];
    });

    expect(report).toMatchObject({ seen: 20, unseen: { hidden: 10 } });
  });

  test('whatever a look hides is visible again at one moment, however late it was received', async () => {
    const scene = createDeadLetterScene({ dead: 20 });
    const { queue, clock } = scene;
    const untilMs: number[] = [];
    const { receive } = queue;
    queue.receive = async (seconds) => {
      untilMs.push(clock.nowMs() + seconds * 1000);
      return receive(seconds);
    };
    await look(scene, {}, () => clock.advance(7000));

    expect(untilMs).toHaveLength(3);
    expect(new Set(untilMs).size).toBe(1);
  });
});

test('a message is found wherever it lies, and no further ones are looked at', async () => {
  const { queue, show, usual } = createDeadLetterScene({ dead: 30 });
  const id = queue.ids()[14] ?? '';

  const { letter, seen } = await show(id, usual);

  expect(letter.messageId).toBe(id);
  expect(seen).toBe(20);
  expect(queue.visibleIds()).toHaveLength(30);
});

test('an id that is not there is told, with how many were peeked', async () => {
  const { show, usual } = createDeadLetterScene({ dead: 3 });

  await expect(show('\u001b[2Jnope', usual)).rejects.toMatchObject({
    code: 'message_not_found',
    message: 'no message with id \\u001b[2Jnope in the first 3 peeked',
  });
});
