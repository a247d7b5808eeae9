import { expect, test } from 'vitest';
import { createExplainDeadLetters } from '../../../lib/use-cases/dead-letters/explain-dead-letters.ts';
import { createPeekDeadLetters } from '../../../lib/use-cases/dead-letters/peek-dead-letters.ts';
import { aSession } from '../../support/builders.ts';
import { aLetter, createDeadLetterScene, letters } from '../../support/create-dead-letter-scene.ts';

const seeAll = async () => undefined;

test('a look sees every message once, ten at a time, and shows all of them again', async () => {
  const { queue, peek, usual } = createDeadLetterScene();
  queue.bury(...letters(25));
  const pages: string[][] = [];

  const report = await peek(usual, async (page) => {
    pages.push(page.map(({ messageId }) => messageId));
    return undefined;
  });

  expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
  expect(pages.flat()).toEqual(queue.ids());
  expect(report).toMatchObject({ seen: 25, visibleAtStart: 25, ended: 'end' });
  expect(queue.visibleIds()).toHaveLength(25);
});

test('messages are hidden while the look lasts, so that none is seen twice', async () => {
  const { queue, peek, usual } = createDeadLetterScene();
  queue.bury(...letters(25));
  const visible: number[] = [];

  await peek(usual, async () => {
    visible.push(queue.visibleIds().length);
    return undefined;
  });

  expect(visible).toEqual([15, 5, 0]);
});

test('an error shows everything again', async () => {
  const { queue, peek, usual } = createDeadLetterScene();
  queue.bury(...letters(15));

  const look = peek(usual, async () => Promise.reject(new Error('no more paper')));

  await expect(look).rejects.toThrow('no more paper');
  expect(queue.visibleIds()).toHaveLength(15);
});

test('where some cannot be shown again, the others are, and the failure is told', async () => {
  const { queue, peek, usual } = createDeadLetterScene();
  queue.bury(...letters(45));
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
  const { queue, peek, usual, stop } = createDeadLetterScene();
  queue.bury(...letters(25));

  const report = await peek(usual, async () => {
    stop.abort();
    return undefined;
  });

  expect(report).toMatchObject({ seen: 10, ended: 'interrupted' });
  expect(queue.visibleIds()).toHaveLength(25);
});

test('no more than the maximum are looked at, also where a page brings more', async () => {
  const { queue, peek, usual } = createDeadLetterScene();
  queue.bury(...letters(25));
  let seen = 0;

  const report = await peek({ ...usual, max: 12 }, async (page) => {
    seen += page.length;
    return undefined;
  });

  expect(seen).toBe(12);
  expect(report).toMatchObject({ seen: 12, ended: 'max' });
  expect(queue.visibleIds()).toHaveLength(25);
});

test('a look that lasts too long ends before messages come back and are seen twice', async () => {
  const { queue, peek, usual, clock } = createDeadLetterScene();
  queue.bury(...letters(40));
  const seen: string[] = [];

  const report = await peek(usual, async (page) => {
    seen.push(...page.map(({ messageId }) => messageId));
    await clock.advance(20_000);
    return undefined;
  });

  expect(report.ended).toBe('time');
  expect(new Set(seen).size).toBe(seen.length);
  expect(queue.visibleIds()).toHaveLength(40);
});

test('of one session ten messages are seen at a time: the look ends, and says how many it had expected', async () => {
  const { queue, peek, usual } = createDeadLetterScene();
  const session = aSession();
  queue.bury(...Array.from({ length: 14 }, () => aLetter({ session })));

  const report = await peek(usual, seeAll);

  expect(report).toMatchObject({ seen: 10, visibleAtStart: 14, ended: 'end' });
});

test('a ledger that is away takes the reasons, and not the look', async () => {
  const { queue, clock, usual, runLog } = createDeadLetterScene();
  queue.bury(aLetter());
  const failure = new Error('the ledger is away');
  const failureNotes = { readMany: async () => Promise.reject(failure) };
  const explain = createExplainDeadLetters({ failureNotes, runHistory: runLog });
  const codes: string[] = [];

  const report = await createPeekDeadLetters({ queue, queueReader: queue, explain, clock })(
    usual,
    async (page) => {
      codes.push(...page.map(({ reason }) => reason.code));
      return undefined;
    },
  );

  expect(codes).toEqual(['reason_unrecorded']);
  expect(report.ledgerFailure).toBe(failure);
});
