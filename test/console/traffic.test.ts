import { describe, expect, test } from 'vitest';
import { createLiveTraffic } from '../../lib/console/live-traffic.ts';
import { createCurves, createMinuteCounts } from '../../lib/console/series.ts';
import { aSession } from '../support/builders.ts';
import { playFetch, playHooks } from '../support/console-scene.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

function createScene() {
  const clock = createVirtualClock();
  return { clock, traffic: createLiveTraffic(clock) };
}

describe('what a pipeline says as it works', () => {
  test('becomes one line a conversation, the newest first', () => {
    const scene = createScene();
    playHooks(scene, aSession('session_a'), { hooks: 6 });
    playFetch(scene, aSession('session_a'));
    playHooks(scene, aSession('session_b'));

    const cost = { calls: 3, durationMs: 50 };
    expect(scene.traffic.lines()).toMatchObject([
      { session: aSession('session_b'), outcome: 'waiting', hooks: 1, fetches: 0, calls: 0, version: null },
      { session: aSession('session_a'), outcome: 'emitted', hooks: 6, fetches: 1, ...cost, version: 7 },
    ]);
  });

  test('is counted anew with the first hook after a record', () => {
    const scene = createScene();
    playHooks(scene, aSession(), { hooks: 6 });
    playFetch(scene, aSession());
    playHooks(scene, aSession(), { hooks: 2, messageId: 'second' });

    expect(scene.traffic.lines()).toMatchObject([
      { outcome: 'waiting', hooks: 2, fetches: 0, calls: 0, version: 7 },
    ]);
  });

  test('keeps the hooks that came during a fetch for the next one', async () => {
    const { traffic, clock } = createScene();
    playHooks({ traffic }, aSession(), { hooks: 3 });
    const end = { terminatedBy: 'http_200', coversLatestMessage: true };
    const fetched = { messages: 5, mode: 'full', pages: 1, apiCalls: 3, durationMs: 50, ...end } as const;
    traffic.emit({ name: 'conversation-fetched', ...aSession(), ...fetched });
    playHooks({ traffic }, aSession(), { hooks: 2, messageId: 'second' });
    traffic.emit({ name: 'record-unchanged', ...aSession(), version: 7 });
    expect(traffic.lines()).toMatchObject([{ outcome: 'unchanged', hooks: 3, fetches: 1 }]);

    await clock.advance(1000);
    traffic.emit({ name: 'conversation-fetched', ...aSession(), ...fetched });
    expect(traffic.lines()).toMatchObject([{ outcome: 'fetching', hooks: 2, fetches: 1, calls: 3 }]);
  });

  test.each([
    ['job-failed', 'failed'],
    ['job-dead', 'dead'],
  ] as const)('says after %s why', (name, outcome) => {
    const { traffic } = createScene();
    const decided = { disposition: 'transient', decision: 'retry', delaySeconds: 5 } as const;
    const failed = { ...aSession(), code: 'crisp_error', messageId: 'a', attempt: 1, hint: 'no such plan' };
    traffic.emit({ name, ...failed, ...decided });

    const failure = { code: 'crisp_error', words: 'no such plan' };
    expect(traffic.lines()).toMatchObject([{ outcome, failure }]);
  });

  test('is split by what has saved the calls of a loop', () => {
    const scene = createScene();
    const { traffic } = scene;
    // A loop would read the conversation with its four calls on each of eight hooks.
    playHooks(scene, aSession(), { hooks: 5, messageId: 'first' });
    playHooks(scene, aSession(), { hooks: 2, messageId: 'second' });
    playFetch(scene, aSession(), { messages: 5, apiCalls: 3 });
    playHooks(scene, aSession(), { messageId: 'third' });
    traffic.emit({ name: 'job-covered', ...aSession(), messageId: 'third' });

    const { day: _day, ...savings } = traffic.savings() ?? {};
    const expected = { calls: 3, callsOfALoop: 32, coalesced: 20, covered: 4 + 4, incremental: 0, cached: 1 };
    expect(savings).toEqual(expected);
  });

  test('is counted by station and minute', async () => {
    const scene = createScene();
    playHooks(scene, aSession(), { hooks: 6 });
    await scene.clock.advance(5 * 60_000);
    playFetch(scene, aSession());

    const { hooks, queue, fetch, archive, records } = scene.traffic.flow();
    expect(hooks.lastMinute).toBe(0);
    expect(hooks.minutes.toSpliced(9, 1)).toEqual(new Array(14).fill(0));
    expect(hooks.minutes[9]).toBe(6);
    const others = [queue.minutes[9], fetch.lastMinute, archive.lastMinute, records.lastMinute];
    expect(others).toEqual([1, 1, 1, 1]);
  });

  test('names each change once', () => {
    const scene = createScene();
    playHooks(scene, aSession(), { hooks: 3 });
    expect(scene.traffic.takeChanged()).toHaveLength(1);
    expect(scene.traffic.takeChanged()).toEqual([]);
  });

  test('is kept of ten thousand conversations and twenty thousand hooks', () => {
    const scene = createScene();
    for (let each = 0; each < 10_050; each += 1) playHooks(scene, aSession(`session_${each}`), { hooks: 2 });

    const lines = scene.traffic.lines();
    expect(lines).toHaveLength(10_000);
    expect(lines.at(-1)?.session).toEqual(aSession('session_50'));
    expect(scene.traffic.takeChanged()).toHaveLength(10_000);
    expect(scene.traffic.hooksOf(aSession('session_49'))).toEqual([]);
    expect(scene.traffic.hooksOf(aSession('session_10049'))).toHaveLength(2);
  });
});

describe('counts of minutes', () => {
  test('forget what is older than a quarter of an hour', () => {
    const counts = createMinuteCounts();
    counts.add(1_000_000_000);

    expect(counts.minutes(1_000_000_000 + 14 * 60_000).reduce((a, b) => a + b)).toBe(1);
    expect(counts.minutes(1_000_000_000 + 16 * 60_000).reduce((a, b) => a + b)).toBe(0);
    expect(counts.lastMinute(1_000_000_000 + 60 * 60_000)).toBe(0);
  });
});

describe('curves', () => {
  test('have at most 288 evenly spaced points, however long they are, and end with what is so now', () => {
    const curves = createCurves();
    const hours = 24;
    for (let at = 0; at <= hours * 3_600_000; at += 7000) curves.note(at, { calls: at / 7000, loop: at });

    const points = curves.points();
    const steps = new Set(points.slice(1).map(({ atMs }, index) => atMs - (points[index]?.atMs ?? 0)));
    expect(points.length).toBeGreaterThan(140);
    expect(points.length).toBeLessThanOrEqual(288);
    expect(steps.size).toBe(1);
    expect(points.at(-1)?.calls).toBe(Math.floor((hours * 3_600_000) / 7000));
    expect(points.every(({ calls }, index) => calls >= (points[index - 1]?.calls ?? 0))).toBe(true);
  });

  test('stay flat where nothing happened', () => {
    const curves = createCurves();
    curves.note(0, { calls: 1, loop: 2 });
    curves.note(20_000, { calls: 3, loop: 4 });
    expect(curves.points().map(({ calls }) => calls)).toEqual([1, 1, 1, 1, 3]);
  });
});
