import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { createCliScene } from '../support/cli.ts';
import { aLetter, letters } from '../support/dead-letter-scene.ts';
import { aTemporaryFolder } from '../support/files.ts';

describe('dead letters', () => {
  const NAME = 'crisp-enrich-local-sessions-dlq.fifo';
  const permanently = { spendsAttempt: false, isPermanent: true, maxAttempts: 5, nowMs: 1_790_856_000_000 };

  describe('dlq list', () => {
    test('shows each dead letter with its readable reason, and counts them by code', async () => {
      const { run, out, queue, failureNotes, clock } = createCliScene();
      const letter = aLetter({ session: aSession('session_a') });
      queue.bury(letter, aLetter({ body: 'not a job' }));
      const failure = {
        code: 'crisp_forbidden',
        detail: undefined,
        hint: 'grant the scope',
        status: 403,
      } as const;
      await failureNotes.noteFailure(letter.messageId, failure, permanently);
      await clock.advance(2 * 3600 * 1000);

      expect(await run('dlq', 'list')).toBe(0);

      expect(out()).toMatch(/letter-\d+ +session_a +1 +2h +13d 22h +crisp_forbidden \(grant the scope\)/);
      expect(out()).toMatch(/malformed_message \(not JSON: 9 characters/);
      expect(out()).toMatch(/^crisp_forbidden +1 +2h +13d 22h$/m);
      expect(out()).toContain('2 dead letters.');
    });

    test('with --json prints one document that holds all of them', async () => {
      const { run, json } = createCliScene({ dead: 25 });

      expect(await run('dlq', 'list', '--json')).toBe(0);

      expect(json().dead_letters).toHaveLength(25);
      expect(json()).toMatchObject({ matched: 25, seen: 25, unseen: 0, ended: 'end' });
      expect(json().dead_letters[0]).toMatchObject({
        session_id: 'session_0',
        reason: 'max_receives_unreported',
        attempts: 0,
        dead_since: '2026-10-01T12:00:00Z',
        expires_at: '2026-10-15T12:00:00Z',
      });
    });

    test('of an empty queue is one sentence, or an empty document', async () => {
      const [plain, machine] = [createCliScene(), createCliScene()];

      await plain.run('dlq', 'list');
      await machine.run('dlq', 'list', '--json');

      expect(plain.out()).toBe('The dead-letter queue is empty.\n');
      expect(machine.json()).toMatchObject({ dead_letters: [], matched: 0 });
    });

    test('shows twenty, counts all, and says how to see more', async () => {
      const { run, out } = createCliScene({ dead: 25 });

      await run('dlq', 'list');

      expect(out().match(/^letter-/gm)).toHaveLength(20);
      expect(out()).toContain('… and 5 more (--rows N shows them)');
      expect(out()).toContain('25 dead letters.');
    });

    test('takes filters', async () => {
      const { run, json, queue } = createCliScene();
      queue.bury(...letters(3), aLetter({ body: 'x' }));
      await run('dlq', 'list', '--json', '--code', 'malformed_*', '--failed-in', 'decode', '--since', '1h');
      expect(json().matched).toBe(1);
    });
  });

  describe('dlq show', () => {
    test('tells all that is known of one, its body too', async () => {
      const { run, out, queue } = createCliScene();
      const letter = aLetter();
      queue.bury(letter);

      expect(await run('dlq', 'show', letter.messageId)).toBe(0);

      expect(out()).toMatch(/^session {5} +session_a$/m);
      expect(out()).toMatch(/^expires {5} +2026-10-15T12:00:00Z, in 14d$/m);
      expect(out()).toContain('"mode":"incremental"');
    });
  });

  describe('dlq redrive', () => {
    test('without --yes is a dry run, whoever asks', async () => {
      const { run, out, queue, batches } = createCliScene({ dead: 3 });

      expect(await run('dlq', 'redrive')).toBe(0);

      expect(out()).toContain('3 messages of 3 sessions would be moved in about 3s');
      expect(out()).toContain('nothing moved; add --yes');
      expect(queue.visibleIds()).toHaveLength(3);
      expect(batches.sent).toEqual([]);
    });

    test.each([[[]], [['--all']]])('with --yes and %j moves them all, at the rate', async (args) => {
      const { run, json, moveTasks } = createCliScene({ dead: 3 });
      expect(await run('dlq', 'redrive', '--yes', '--rate', '9', '--json', ...args)).toBe(0);
      expect(json()).toMatchObject({ by: 'move-task', moved: 3, left: 0, new: 0 });
      expect(moveTasks.rates).toEqual([9]);
    });

    test.each([
      [['--all', '--code', 'bad_response'], '--all, or a filter such as --code or --id, and not both'],
      [['--all', '--cancel'], '--cancel goes alone'],
    ])('%j is not understood, and moves nothing', async (args, sentence) => {
      const { run, err, queue } = createCliScene({ dead: 3 });
      expect(await run('dlq', 'redrive', '--yes', ...args)).toBe(2);
      expect(err()).toContain(sentence);
      expect(queue.visibleIds()).toHaveLength(3);
    });

    test('with a filter enqueues those, and leaves the others', async () => {
      const { run, out, queue, batches } = createCliScene({ dead: 3 });

      expect(await run('dlq', 'redrive', '--yes', '--session', 'session_1')).toBe(0);

      expect(out()).toContain('1 message moved, 0 left, 0 new since.');
      expect(batches.sent.map(({ job }) => job.sessionId)).toEqual(['session_1']);
      expect(queue.ids()).toHaveLength(2);
    });

    test('that moves a part of what was meant says so with its exit code', async () => {
      const { run, out, queue, batches } = createCliScene();
      const { websiteId } = aSession();
      queue.bury(...letters(2));
      batches.refuse('session_1');

      expect(await run('dlq', 'redrive', '--yes', '--website', websiteId)).toBe(3);
      expect(out()).toContain('1 message left: the sessions queue did not take it');
      expect(await run('dlq', 'redrive', '--yes', '--website', websiteId)).toBe(1);
    });

    test('of a session that was redriven too often leaves it, and says how to override', async () => {
      const { run, out, queue, redriveNotes, clock } = createCliScene();
      const session = aSession('session_0');
      for (let count = 0; count < 3; count += 1) await redriveNotes.note(session, clock.nowMs());
      queue.bury(...letters(2));

      expect(await run('dlq', 'redrive')).toBe(0);
      expect(out()).toContain('1 message of 1 session would be moved in about 1s');
      expect(out()).toContain(
        '1 message of 1 session redriven 3 times within 24 hours would stay (redrive_exhausted',
      );
      expect(await run('dlq', 'redrive', '--yes')).toBe(3);
      expect(out()).toContain('redrive_exhausted; --max-redrives N overrides');
      expect(await run('dlq', 'redrive', '--yes', '--max-redrives', '9')).toBe(0);
      expect(queue.ids()).toEqual([]);
    });

    test('of what was redriven too often alone exits with 3, and its dry run counts what would move', async () => {
      const { run, json, queue, redriveNotes, clock } = createCliScene();
      const [poison, other] = [aSession('session_0'), aSession('session_1')];
      for (let count = 0; count < 3; count += 1) await redriveNotes.note(poison, clock.nowMs());
      queue.bury(
        ...Array.from({ length: 4 }, () => aLetter({ session: poison })),
        aLetter({ session: other }),
      );
      queue.bury(aLetter({ body: 'names no session', group: 'x' }));

      expect(await run('dlq', 'redrive', '--json')).toBe(0);
      expect(json()).toMatchObject({
        matched: 6,
        would_move: 1,
        would_stay: 5,
        sessions: 1,
        exhausted_sessions: 1,
        exhausted_messages: 4,
        unreadable: 1,
      });
      expect(await run('dlq', 'redrive', '--yes', '--session', 'session_0')).toBe(3);
      expect(queue.ids()).toHaveLength(6);
    });

    test('with --max leaves what names no session, and its dry run says so', async () => {
      const { run, out, queue } = createCliScene();
      queue.bury(...letters(2), aLetter({ body: 'x' }));

      expect(await run('dlq', 'redrive', '--max', '9')).toBe(0);

      expect(out()).toContain('2 messages of 2 sessions would be moved in about 2s');
      expect(out()).toContain('1 message naming no session, or no website, would stay.');
    });

    test('that is interrupted reports moved and left, and exits with 130', async () => {
      const { run, json, queue, batches, stop } = createCliScene({ dead: 15 });
      batches.onSent(async () => (batches.sent.length === 4 ? stop.abort() : undefined));
      expect(await run('dlq', 'redrive', '--yes', '--json', '--website', aSession().websiteId)).toBe(130);

      expect(json()).toMatchObject({ moved: 4, left: 6, interrupted: 6, ended: 'interrupted' });
      expect(queue.visibleIds()).toHaveLength(11);
    });

    test('while another one runs is refused, and --cancel ends that one', async () => {
      const { run, err, out, moveTasks } = createCliScene({ dead: 20 });
      await moveTasks.start({ ratePerSecond: 1 });

      expect(await run('dlq', 'redrive', '--yes')).toBe(1);
      expect(err()).toBe(
        'a redrive of this queue is running already (2 moved): wait for its end, or cancel it: `npx crisp-enrich dlq redrive --cancel`',
      );
      expect(await run('dlq', 'redrive', '--cancel', '--yes', '--code', 'x')).toBe(2);
      expect(await run('dlq', 'redrive', '--cancel')).toBe(0);
      expect(out()).toMatch(/^Cancelled: 4 of \? messages had been moved\.$/m);
      expect(await run('dlq', 'redrive', '--cancel')).toBe(1);
    });
  });

  describe('dlq drop', () => {
    test('without --yes is a dry run', async () => {
      const { run, out, queue } = createCliScene({ dead: 3 });
      expect(await run('dlq', 'drop', '--all', '--confirm', NAME)).toBe(0);
      expect(out()).toContain('3 messages would be deleted for good.\nnothing deleted; add --yes');
      expect(queue.visibleIds()).toHaveLength(3);
    });

    test.each([
      ['it is mistyped', 'crisp-enrich-prod'],
      ['only y is typed', 'y'],
    ])('refuses where consent is the queue’s name and %s', async (_case, answer) => {
      const { run, err, queue } = createCliScene({ answer, dead: 3 });
      expect(await run('dlq', 'drop', '--all', '--yes')).toBe(2);
      expect(err()).toContain(`--confirm ${NAME}`);
      expect(queue.visibleIds()).toHaveLength(3);
    });

    test.each([
      ['typed', { answer: `${NAME}\n` }, []],
      ['given', {}, ['--confirm', NAME]],
    ])('deletes what matches once the name was %s', async (_case, options, args) => {
      const { run, out, queue } = createCliScene(options);
      queue.bury(...letters(3));

      expect(await run('dlq', 'drop', '--session', 'session_1', '--yes', ...args)).toBe(0);
      expect(out()).toContain('1 message deleted, 0 new since.');
      expect(queue.ids()).toHaveLength(2);
    });
  });

  describe('a dead-letter queue that another reader hides', () => {
    const CONFIRM = ['--yes', '--confirm', NAME];

    test.each([
      ['list', [], 'No dead letter could be seen.'],
      ['export', [], ''],
      ['redrive', [], '0 messages of 0 sessions would be moved'],
      ['redrive', ['--yes'], 'Nothing moved.'],
      ['redrive', ['--yes', '--code', 'x_*'], '0 messages moved, 0 left'],
      ['drop', ['--all'], '0 messages would be deleted'],
      ['drop', ['--all', ...CONFIRM], '0 messages deleted'],
    ])('wholly: dlq %s %j says so, never that it is empty, and exits with 3', async (name, args, said) => {
      const { run, out, err, queue } = createCliScene({ dead: 10 });
      await queue.receive(600);

      expect(await run('dlq', name, ...args)).toBe(3);

      expect(out()).toContain(said);
      expect(out() + err()).not.toContain('empty');
      expect(`${out()}\n${err()}`).toContain(
        'About 10 messages could not be seen: another reader hides them. SQS does not say until when: 2026-10-02T00:00:00Z at the latest.',
      );
      expect(queue.ids()).toHaveLength(10);
    });

    test.each([
      ['list', [], '10 dead letters.', 20],
      ['redrive', [], '10 messages of 10 sessions would be moved', 20],
      ['redrive', ['--yes'], '10 messages moved, 0 left, 0 new since.', 10],
      ['redrive', ['--yes', '--website', WEBSITE_ID], '10 messages moved, 0 left, 0 new since.', 10],
      ['drop', ['--all'], '10 messages would be deleted', 20],
      ['drop', ['--all', ...CONFIRM], '10 messages deleted', 10],
    ])(
      'half: dlq %s %j does its part, says what is hidden and until when, and exits with 3',
      async (name, args, said, left) => {
        const [plain, machine] = [createCliScene({ dead: 20 }), createCliScene({ dead: 20 })];
        for (const { queue } of [plain, machine]) await queue.receive(600);

        expect(await plain.run('dlq', name, ...args)).toBe(3);
        expect(await machine.run('dlq', name, '--json', ...args)).toBe(3);

        expect(plain.out()).toContain(said);
        const told = `${plain.out()}\n${plain.err()}`;
        expect(told).toContain('About 10 messages could not be seen: another reader hides them.');
        expect(plain.queue.ids()).toHaveLength(left);
        const until = expect.stringMatching(/^2026-10-02T00:00:/);
        expect(machine.json()).toMatchObject({ hidden: 10, hidden_until: until });
      },
    );

    test('by a redrive that was killed: until when its time is up, at the latest', async () => {
      const { run, err, peek, usual, clock } = createCliScene({ dead: 10 });
      void peek({ ...usual, ratePerSecond: 1 }, () => new Promise(() => {}));
      await clock.advance(1000);

      expect(await run('dlq', 'list')).toBe(3);

      expect(err()).toBe(
        'About 10 messages could not be seen: a look or a redrive hides them that began at 2026-10-01T12:00:00Z and has not ended, or was killed: until 2026-10-01T12:01:11Z at the latest.',
      );
    });

    test('a trace of a session does not say that it has no dead letter', async () => {
      const { run, out, err, queue } = createCliScene();
      queue.bury(aLetter());
      await queue.receive(600);

      expect(await run('trace', `${aSession().websiteId}:${aSession().sessionId}`)).toBe(3);

      expect(out()).toContain('dead letters: none was seen');
      expect(err()).toContain('About 1 message could not be seen');
    });

    test('a message that is not found may be a hidden one', async () => {
      const { run, err, queue } = createCliScene({ dead: 12 });
      await queue.receive(600);

      expect(await run('dlq', 'show', 'nope')).toBe(1);
      expect(err()).toBe(
        'no message with id nope in the first 2 peeked; 10 more are hidden by another reader, until 2026-10-02T00:00:00Z at the latest',
      );
    });
  });

  describe('several dead letters of each session', () => {
    const twenty = () =>
      Array.from({ length: 20 }, (_, index) =>
        aLetter({ session: aSession(`session_${Math.floor(index / 4)}`) }),
      );

    test('20 of 5 sessions are listed and exported as 20', async () => {
      const [listing, exporting] = [createCliScene(), createCliScene()];
      listing.queue.bury(...twenty());
      exporting.queue.bury(...twenty());

      expect(await listing.run('dlq', 'list')).toBe(0);
      expect(await exporting.run('dlq', 'export')).toBe(0);

      expect(listing.out()).toContain('20 dead letters.');
      expect(listing.err()).toBe('');
      expect(exporting.out().trimEnd().split('\n')).toHaveLength(20);
      expect(exporting.err()).toBe('20 dead letters exported.');
    });

    test('14 of one session: ten are seen, and the true reason for the others is told', async () => {
      const { run, err, out, queue } = createCliScene();
      queue.bury(...Array.from({ length: 14 }, () => aLetter()));

      expect(await run('dlq', 'export')).toBe(3);

      expect(out().trimEnd().split('\n')).toHaveLength(10);
      const { websiteId, sessionId } = aSession();
      expect(err()).toContain(
        `About 4 messages could not be seen: they are behind ten others of their session, and SQS hands out no more of one (${websiteId}:${sessionId}). Redrive or drop the first ten.`,
      );
    });

    test('14 of one session are redriven and dropped all the same', async () => {
      const [moving, dropping] = [createCliScene(), createCliScene()];
      for (const { queue } of [moving, dropping]) queue.bury(...Array.from({ length: 14 }, () => aLetter()));

      expect(await moving.run('dlq', 'redrive', '--yes')).toBe(0);
      expect(await dropping.run('dlq', 'drop', '--all', '--yes', '--confirm', NAME)).toBe(0);

      expect([moving.queue.ids(), dropping.queue.ids()]).toEqual([[], []]);
    });
  });

  test.each([
    ['dlq', 'list', '--json'],
    ['dlq', 'export'],
    ['dlq', 'show', 'hostile', '--json'],
    ['trace', `${aSession().websiteId}:${aSession().sessionId}`, '--json'],
  ])('the JSON of %s %s has nothing in it that a terminal obeys or that nobody sees', async (...words) => {
    const { run, out, queue, failureNotes } = createCliScene();
    const hostile =
      'C1 \u009b2J\u0085, bidi \u202e\u2066, no width \u200b\ufeff\u2060, tag \u{e0041}, line \u2028';
    const body = JSON.stringify({ ...aSession(), note: hostile });
    queue.bury(aLetter({ messageId: 'hostile', body }));
    const failure = { code: 'crisp_error', detail: hostile, hint: hostile, status: 200 } as const;
    await failureNotes.noteFailure('hostile', failure, permanently);

    expect(await run(...words)).toBe(0);

    expect(out()).toContain('\\u202e');
    expect(out()).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  describe('on a terminal of 80 columns', () => {
    test.each([['dlq', 'list'], ['dlq', 'redrive'], ['dlq', 'show', 'm'], ['status'], ['--help']])(
      '%s %s fits',
      async (...words) => {
        const { run, out, err, queue, failureNotes } = createCliScene({ width: 80 });
        const session = aSession('session_53f17034-0881-41cb-8f84-b9ceb97a3a61');
        queue.bury(aLetter({ session, messageId: 'm' }), ...Array.from({ length: 12 }, () => aLetter()));
        const failure = {
          code: 'crisp_error',
          detail: undefined,
          hint: 'a long word '.repeat(30),
          status: 200,
        } as const;
        await failureNotes.noteFailure('m', failure, permanently);

        await run(...words);

        const widest = Math.max(
          ...`${out()}\n${err()}`
            .split('\n')
            // A body is one word, to be copied.
            .filter((line) => line.includes(' ') && !line.includes('{"v"'))
            .map((line) => line.length),
        );
        expect(widest).toBeLessThanOrEqual(80);
        expect(widest).toBeGreaterThan(20);
      },
    );

    test('what programs read is broken nowhere', async () => {
      const { run, out, queue } = createCliScene({ width: 80 });
      queue.bury(aLetter({ body: `a long body ${'of words '.repeat(50)}` }));
      await run('dlq', 'export');
      expect(JSON.parse(out())).toMatchObject({ body: expect.stringContaining('of words') });
    });
  });
});

describe('dlq export', () => {
  test('dead letters go to a new file, one a line, for its owner alone', async () => {
    const folder = await aTemporaryFolder();
    const path = join(folder, 'dead.jsonl');
    const { run, err, out, queue } = createCliScene({ dead: 12 });

    expect(await run('dlq', 'export', '--output', path)).toBe(0);

    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(12);
    expect(JSON.parse(lines[3] ?? '')).toMatchObject({ session_id: 'session_3', body: expect.any(String) });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(err()).toBe(`12 dead letters exported to ${path}.`);
    expect(out()).toBe('');
    expect(queue.visibleIds()).toHaveLength(12);
  });

  test.each([[[]], [['--output', '-']]])('%j writes to standard output', async (args) => {
    const { run, out } = createCliScene({ dead: 2 });

    expect(await run('dlq', 'export', ...args)).toBe(0);
    expect(
      out()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).session_id),
    ).toEqual(['session_0', 'session_1']);
  });

  test('a file that exists is replaced with --force alone, and then is for its owner alone', async () => {
    const path = join(await aTemporaryFolder(), 'dead.jsonl');
    await writeFile(path, 'mine', { mode: 0o644 });
    const { run, err } = createCliScene({ dead: 1 });

    expect(await run('dlq', 'export', '--output', path)).toBe(2);
    expect(err()).toContain('exists; add --force to replace it');
    expect(await readFile(path, 'utf8')).toBe('mine');

    expect(await run('dlq', 'export', '--output', path, '--force')).toBe(0);
    expect(await readFile(path, 'utf8')).toContain('session_0');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('a folder and a link are no places for it, not even with --force', async () => {
    const folder = await aTemporaryFolder();
    const link = join(folder, 'link');
    await symlink('/etc/passwd', link);

    for (const path of [folder, link]) {
      const { run, err } = createCliScene();
      expect(await run('dlq', 'export', '--output', path, '--force')).toBe(2);
      expect(err()).toContain('is not a plain file');
    }
  });

  test('an export that fails leaves nothing behind, and what was there stays', async () => {
    const folder = await aTemporaryFolder();
    const path = join(folder, 'dead.jsonl');
    await writeFile(path, 'mine');
    const { run, queue } = createCliScene({ dead: 1 });
    queue.receive = async () => Promise.reject(new Error('away'));

    expect(await run('dlq', 'export', '--output', path, '--force')).toBe(1);
    expect(await readdir(folder)).toEqual(['dead.jsonl']);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });
});

test.each([[[]], [['--yes']]])('a redrive %j whose filter fits nothing says so', async (words) => {
  const { run, out, err } = createCliScene({ dead: 3 });
  expect(await run('dlq', 'redrive', '--code', 'crisp_forbiden', ...words)).toBe(0);
  expect(out() + err()).toContain('None of 3 messages fits the filter.');
});
