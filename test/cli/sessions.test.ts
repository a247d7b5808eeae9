import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { QuotaDay } from '../../lib/ledger/quota-notes.ts';
import { aFailedRun, aRun, aSession, OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { type CliScene, createCliScene } from '../support/cli.ts';
import { aLetter } from '../support/dead-letter-scene.ts';
import { aTemporaryFolder } from '../support/files.ts';

type SceneOptions = Parameters<typeof createCliScene>[0];

/** What a command tells people, and what it tells programs; both end with the same code. */
async function inBothForms(words: readonly string[], options: SceneOptions = {}, exitCode = 0) {
  const [plain, machine] = [createCliScene(options), createCliScene(options)];
  expect(await plain.run(...words)).toBe(exitCode);
  expect(await machine.run(...words, '--json')).toBe(exitCode);
  return { plain, machine };
}

describe('sessions', () => {
  const SESSION = `${WEBSITE_ID}:session_a`;
  const STARTED_MS = 1_790_856_000_000;

  test('runs shows what each run of a session came to, the newest first', async () => {
    const { run, out, runLog } = createCliScene();
    await runLog.record([
      aFailedRun({ session: aSession(), startedMs: STARTED_MS, reason: 'a page of \u001b[31mHTML' }),
      aRun({ session: aSession(), startedMs: STARTED_MS + 60_000, receiveCount: 2, attempt: 2 }),
    ]);

    expect(await run('runs', SESSION)).toBe(0);

    const rows = out().trimEnd().split('\n');
    expect(rows[1]).toMatch(/^2026-10-01T12:01:00Z +emitted +2 +2 +3 +250 ms$/);
    expect(rows[2]).toMatch(
      /^2026-10-01T12:00:00Z +failed +1 +1 +3 +250 ms +bad_response:not_json in fetch HTTP 200 again in 42 s \(a page of \\u001b\[31mHTML\)$/,
    );
  });

  test('runs of a session that nobody asked for says so', async () => {
    const { run, out } = createCliScene();
    expect(await run('runs', SESSION)).toBe(0);
    expect(out()).toContain('No run of session_a is known');
  });

  test('runs takes a limit, and a form for programs', async () => {
    const { run, json, runLog } = createCliScene();
    await runLog.record([1, 2, 3].map((ms) => aRun({ session: aSession(), startedMs: STARTED_MS + ms })));

    expect(await run('runs', SESSION, '--limit', '2', '--json')).toBe(0);

    expect(json()).toMatchObject({ website_id: WEBSITE_ID, session_id: 'session_a' });
    expect(json().runs).toHaveLength(2);
  });

  test('trace shows runs, newest record and dead letters together', async () => {
    const { run, out, queue, runLog } = createCliScene();
    const letter = aLetter({ session: aSession() });
    queue.bury(letter);
    await runLog.record([aFailedRun({ session: aSession(), messageId: letter.messageId })]);

    expect(await run('trace', SESSION)).toBe(0);

    expect(out()).toContain('newest record: none was ever archived');
    const failed =
      /^\S+Z +failed +3 +250 ms +bad_response:not_json, attempt 1 failed in fetch, HTTP 200 \(.*\), again at \S+Z$/m;
    expect(out()).toMatch(failed);
    const dead = new RegExp(`^\\S+Z +dead-lettered .*kept until \\S+Z, message ${letter.messageId}$`, 'm');
    expect(out()).toMatch(dead);
    expect(out()).toContain(`to bring it back: npx crisp-enrich dlq redrive --session ${SESSION} --yes\n`);
  });

  test('trace has a form for programs', async () => {
    const { run, json } = createCliScene();
    expect(await run('trace', SESSION, '--json')).toBe(0);
    const expected = { session_id: 'session_a', latest: null, runs: [], dead_letters: [], timeline: [] };
    expect(json()).toMatchObject(expected);
  });

  test('status shows every queue, and how deliveries stand', async () => {
    const { plain, machine } = await inBothForms(['status', '--stage', 'prod']);

    expect(plain.out()).toMatch(/^sessions-dlq +0 +0 +0 +14d$/m);
    expect(plain.out()).toContain('deliveries: on');
    expect(machine.json().queues).toHaveLength(5);
    expect(machine.targets).toEqual(['prod']);
  });

  test.each([
    [{ unreadable: 'records' } as const, /^records +unknown +unknown +unknown +unknown$/m, 'queue records'],
    [{ withoutMoveTasks: true }, /^records +0 +0 +0 +14d$/m, 'newest redrive'],
  ])('status shows what it can, and names what it cannot: %j', async (options, shown, named) => {
    const { plain, machine } = await inBothForms(['status'], options, 3);

    expect(plain.out()).toMatch(shown);
    expect(plain.out()).toMatch(/^sessions +0 +0 +0 +14d$/m);
    expect(plain.out()).toContain('deliveries: on');
    expect(plain.err()).toMatch(new RegExp(`^not read: ${named} \\(.+\\)$`));
    expect(machine.json()).toMatchObject({ deliveries: 'on', not_read: [{ what: named }] });
  });

  const DAY: QuotaDay = {
    quota: 5000,
    liveShare: 0.7,
    used: 4321,
    planned: 0,
    saved: { coalesced: 12, covered: 3, superseded: 2, cached: 8 },
    endsMs: Date.UTC(2026, 9, 2, 7),
    resetMinute: 420,
    isLearned: true,
    refusedSinceMs: undefined,
  };

  test('status shows the calls of the day, when the next one begins, and what was saved', async () => {
    const { plain, machine } = await inBothForms(['status'], { day: DAY });

    expect(plain.out()).toContain(
      [
        'calls to Crisp today: 4321 of 5000 used, 679 left, 0 of them spare; the next day begins 2026-10-02T07:00:00Z (learned)',
        'saved today: fetches 12 by coalescing, 3 by covering, 2 by superseding; calls 8 by caching',
      ].join('\n'),
    );
    expect(machine.json().quota).toEqual({
      per_day: 5000,
      used: 4321,
      left: 679,
      spare: 0,
      next_day_at: '2026-10-02T07:00:00Z',
      is_reset_learned: true,
      saved: DAY.saved,
    });
  });

  test.each([
    [
      'what was asked for in vain is not shown as used',
      { used: 5007 },
      '5000 of 5000 used, 0 left, 0 of them spare',
    ],
    ['without a budget nothing is left or spare', { quota: 0, isLearned: false }, '4321 made, no budget; '],
    ['the first guess is called one', { isLearned: false }, 'begins 2026-10-02T07:00:00Z (assumed)'],
  ])('%s', async (_title, changed, shown) => {
    const { run, out } = createCliScene({ day: { ...DAY, ...changed } });
    expect(await run('status')).toBe(0);
    expect(out()).toContain(shown);
  });

  test('calls that cannot be read are named, and none at all are not shown', async () => {
    const [unreadable, none] = [createCliScene({ day: 'unreadable' }), createCliScene()];

    expect(await unreadable.run('status')).toBe(3);
    expect(await none.run('status')).toBe(0);

    expect(unreadable.err()).toBe('not read: calls of the day (ledger_failed)');
    expect(none.out()).not.toContain('calls to Crisp');
  });

  test('a retention that a queue does not tell is unknown, and is no failure', async () => {
    const { plain, machine } = await inBothForms(['status'], { withoutRetention: true });
    expect(plain.out()).toMatch(/^sessions +0 +0 +0 +unknown$/m);
    expect(machine.json().queues[0]).toMatchObject({ retention_seconds: null });
  });

  test('pause keeps why, and resume ends it', async () => {
    const { run, out, pauses } = createCliScene();

    expect(await run('pause', '--reason', 'Crisp is being migrated')).toBe(0);
    expect(await run('resume')).toBe(0);

    expect(pauses).toEqual(['Crisp is being migrated']);
    expect(out()).toMatch(/^Paused: .*\nResumed: /);
  });

  test.each([
    [['--stage', 'prod', '--region', 'eu-west-1'], ' --stage prod --region eu-west-1'],
    [['--stage', 'prod'], ' --stage prod --region us-east-1'],
    [[], ''],
  ])('a command in a hint can be pasted as it is: pause %j', async (target, filledIn) => {
    const { run, out } = createCliScene();
    await run('pause', ...target);
    expect(out()).toContain(`\`npx crisp-enrich resume${filledIn}\` ends it.`);
  });

  describe('an open breaker', () => {
    const poisoned = aSession('session_poisoned');
    const opening = {
      openedMs: 1_790_856_000_000,
      code: 'crisp_route_unknown',
      route: 'website/conversation',
      session: poisoned,
      holdOffSeconds: 60,
      nextProbeMs: 1_790_856_060_000,
      failedProbes: 0,
      closing: undefined,
    };
    const held = { deliveries: 'off', isOpen: true, opening } as const;
    const key = `${poisoned.websiteId}:session_poisoned`;

    test('status names the session for which it opened', async () => {
      const { plain, machine } = await inBothForms(['status', '--stage', 'prod'], { breaker: held });

      expect(plain.out()).toMatch(
        /^deliveries: off; held for .* because of crisp_route_unknown, next look in .*$/m,
      );
      expect(plain.out()).toContain(`\nopened for: ${key} on website/conversation\n`);
      expect(machine.json().breaker.opening).toMatchObject({
        code: 'crisp_route_unknown',
        route: 'website/conversation',
        website_id: poisoned.websiteId,
        session_id: 'session_poisoned',
      });
    });

    test('one of a whole website names no session', async () => {
      const { run, out } = createCliScene({
        breaker: { ...held, opening: { ...opening, route: 'website' } },
      });

      await run('status', '--stage', 'prod');

      expect(out()).not.toContain('opened for');
    });

    test('trace names it in every session’s trace, and tells the one that it is about', async () => {
      const [own, other] = [createCliScene({ breaker: held }), createCliScene({ breaker: held })];
      const machine = createCliScene({ breaker: held });

      await own.run('trace', key);
      await other.run('trace', `${poisoned.websiteId}:session_other`);
      await machine.run('trace', key, '--json');

      expect(own.out()).toMatch(/^held the queue: from 2026-.* until now, with crisp_route_unknown$/m);
      expect(other.out()).toContain(`opened for: ${key}`);
      expect(other.out()).not.toContain('held the queue');
      expect(machine.json().opening).toMatchObject({ session_id: 'session_poisoned', closed_at: null });
    });

    test('trace says that others were served, so its failures are its own', async () => {
      const closing = { closedMs: 1_790_856_060_000, wasFalseAlarm: true };
      const { run, out } = createCliScene({ breaker: { opening: { ...opening, closing } } });

      await run('trace', key);

      expect(out()).toMatch(/^held the queue: .* others were served, so its failures are its own since$/m);
      expect(out()).not.toContain('deliveries:');
    });
  });

  test('erase deletes once the session id was typed, and says what went and what stays elsewhere', async () => {
    const { run, out, asked, erased } = createCliScene({ answer: 'session_a' });

    expect(await run('erase', SESSION)).toBe(0);

    expect(asked.join()).toContain('in stage local is deleted for good');
    expect(erased).toEqual([aSession()]);
    expect(out()).toContain('3 versions of its records, 1 of what was announced last, 2 notes in the ledger');
    expect(out()).toContain('Not touched: Crisp');
  });

  test.each([
    ['another id was typed', 'session_b', []],
    ['nothing was typed', '', []],
    ['nobody is there to type, and there is no --yes', undefined, []],
    ['nobody is there to type, in the form for programs', undefined, ['--json']],
  ])('erase deletes nothing where %s', async (_, answer, options) => {
    const { run, erased } = createCliScene(answer === undefined ? {} : { answer });
    expect(await run('erase', SESSION, ...options)).toBe(2);
    expect(erased).toEqual([]);
  });

  test('erase asks nobody with --yes, and has a form for programs', async () => {
    const { run, json, asked } = createCliScene();

    expect(await run('erase', SESSION, '--yes', '--json')).toBe(0);

    expect(asked).toEqual([]);
    expect(json()).toEqual({
      website_id: WEBSITE_ID,
      session_id: 'session_a',
      erased: { records: 3, latest: 1, notes: 2 },
    });
  });

  test('erase takes one session, and a true one', async () => {
    const { run, erased } = createCliScene();

    expect(await run('erase', '--yes')).toBe(2);
    expect(await run('erase', SESSION, SESSION, '--yes')).toBe(2);
    expect(await run('erase', '../../x', '--yes')).toBe(2);
    expect(erased).toEqual([]);
  });
});

describe('an export of waiting sessions', () => {
  test('that is interrupted keeps what it saw, says how to go on, and the next run adds the rest', async () => {
    const { run, err, queue, stop } = createCliScene({ dead: 25 });
    const path = join(await aTemporaryFolder(), 'waiting.jsonl');
    const { receive } = queue;
    queue.receive = async (seconds) => {
      stop.abort();
      return receive(seconds);
    };

    expect(await run('sessions', 'export', '--output', path)).toBe(130);
    expect(err()).toContain(`10 sessions exported to ${path}.`);
    expect(err()).toContain(`to go on: \`npx crisp-enrich sessions export --output ${path} --resume\``);
    expect(queue.visibleIds()).toHaveLength(25);

    const next = createCliScene({ dead: 25 });
    const kept = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(kept).toHaveLength(10);
    expect(await next.run('sessions', 'export', '--output', path, '--resume')).toBe(0);
    const all = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(all.slice(0, 10)).toEqual(kept);
    expect(all).toHaveLength(35);
  });
});

describe('enqueue', () => {
  const website = (text: string) => aSession('session_a', text).websiteId;
  const websites = [website(WEBSITE_ID)];
  const sent = ({ batches }: CliScene) => batches.sent.map(({ groupId, job }) => [groupId, job.mode]);

  async function aFile(content: string | Uint8Array): Promise<string> {
    const path = join(await aTemporaryFolder(), 'sessions.txt');
    await writeFile(path, content);
    return path;
  }

  test('sessions are asked for in full, of the only website there is', async () => {
    const scene = createCliScene({ websites });

    expect(await scene.run('enqueue', 'session_a', `${OTHER_WEBSITE_ID}:session_b`)).toBe(0);

    const expected = [
      [`${WEBSITE_ID}:session_a`, 'full'],
      [`${OTHER_WEBSITE_ID}:session_b`, 'full'],
    ];
    expect(sent(scene)).toEqual(expected);
    expect(scene.out()).toBe('2 sessions queued, 0 failed, 0 not read.\n');
  });

  test('a website that is listed in the configuration comes before what was seen', async () => {
    const scene = createCliScene({ websites, environment: { CRISP_WEBSITE_IDS: OTHER_WEBSITE_ID } });
    await scene.run('enqueue', 'session_a', '--mode', 'incremental');
    expect(sent(scene)).toEqual([[`${OTHER_WEBSITE_ID}:session_a`, 'incremental']]);
  });

  test('where there are several websites, or none, one has to be named, and the choices are told', async () => {
    const both = createCliScene({ websites: [website(WEBSITE_ID), website(OTHER_WEBSITE_ID)] });
    const none = createCliScene();

    expect(await both.run('enqueue', 'session_a')).toBe(2);
    expect(both.err()).toBe(
      `website_id_required: say which website with --website ID (one of ${WEBSITE_ID}, ${OTHER_WEBSITE_ID})`,
    );
    expect(await none.run('enqueue', 'session_a')).toBe(2);
    expect(await none.run('enqueue', 'session_a', '--website', WEBSITE_ID)).toBe(0);
  });

  test('a file has a session on each line, as text or as JSON', async () => {
    const scene = createCliScene({ websites });
    const lines = [
      'session_a',
      '',
      `  ${OTHER_WEBSITE_ID}:session_b  `,
      JSON.stringify({ website_id: OTHER_WEBSITE_ID, session_id: 'session_c', code: 'x' }),
      JSON.stringify({ websiteId: OTHER_WEBSITE_ID, sessionId: 'session_d' }),
    ];

    expect(await scene.run('enqueue', '--file', await aFile(lines.join('\r\n')))).toBe(0);

    expect(sent(scene).map(([group]) => group)).toEqual([
      `${WEBSITE_ID}:session_a`,
      `${OTHER_WEBSITE_ID}:session_b`,
      `${OTHER_WEBSITE_ID}:session_c`,
      `${OTHER_WEBSITE_ID}:session_d`,
    ]);
  });

  test('a line that is no session is named, and the others are enqueued', async () => {
    const scene = createCliScene({ websites });
    const path = await aFile('session_a\n../../x\n{"session_id":1}\n{nonsense\nsession_b\n');

    expect(await scene.run('enqueue', '--file', path)).toBe(3);

    expect(sent(scene)).toHaveLength(2);
    expect(scene.err()).toMatch(/^line 2: session_id_invalid: '\.\.\/\.\.\/x'/m);
    expect(scene.err()).toMatch(/^line 3: session_id_invalid/m);
    expect(scene.err()).toMatch(/^line 4: session_id_invalid: not a JSON object$/m);
    expect(scene.out()).toBe('2 sessions queued, 0 failed, 3 not read.\n');
  });

  test('thousands are enqueued as they are read', async () => {
    const scene = createCliScene({ websites });
    const lines = Array.from({ length: 5000 }, (_, index) => `session_${index}`);

    expect(await scene.run('enqueue', '--file', await aFile(lines.join('\n')), '--json')).toBe(0);

    expect(scene.json()).toEqual({ queued: 5000, failed: 0, unreadable: 0 });
    expect(new Set(scene.batches.sent.map(({ groupId }) => groupId)).size).toBe(5000);
  });

  test('a session that the queue does not take is told with its code', async () => {
    const scene = createCliScene({ websites });
    scene.batches.refuse('session_b');

    expect(await scene.run('enqueue', 'session_a', 'session_b')).toBe(3);
    expect(scene.err()).toBe('session_b: not queued (internal_error)');
    expect(await scene.run('enqueue', 'session_b')).toBe(1);
  });
});
