import { describe, expect, test } from 'vitest';
import { judge } from '../oracle/judge.ts';
import { toTerms } from '../world/settings.ts';
import { createScene, HOUR_MS, MINUTE_MS } from './scenario.ts';
import {
  oneBrokenConversation,
  playOwnFailure,
  refusedRoute,
  rolledToken,
  sixHourOutage,
  spentQuota,
  spentQuota423,
} from './scenarios.ts';

describe('scenarios', () => {
  // Of twenty receives: an outage must leave most of them for what a message may meet otherwise.
  const FEW_RECEIVES = 10;

  describe('a trouble that no session is to blame for kills nothing, costs few calls, and is over soon', () => {
    test.each([
      { scenario: sixHourOutage, accepted: 390, callsPerHour: 15, code: 'crisp_unavailable' },
      { scenario: spentQuota, accepted: 360, callsPerHour: 15, code: 'crisp_rate_limited' },
      { scenario: spentQuota423, accepted: 360, callsPerHour: 15, code: 'crisp_quota_exceeded' },
      { scenario: rolledToken, accepted: 210, callsPerHour: 15, code: 'crisp_auth_failed' },
      { scenario: refusedRoute, accepted: 462, callsPerHour: 15, code: 'crisp_rate_limited' },
    ])('$scenario.name', async ({ scenario, accepted, callsPerHour, code }) => {
      const report = await scenario.run();

      expect(report.violations).toEqual([]);
      expect(report.accepted).toBe(accepted);
      expect(report.deadLetters).toBe(0);
      expect(report.mostReceives).toBeLessThanOrEqual(FEW_RECEIVES);
      expect(report.callsWhileDown).toBeLessThanOrEqual((callsPerHour * report.downMs) / HOUR_MS);
      expect(report.openedFor).toEqual([code]);
      // The longest hold-off, the minute of the probe, and the work itself.
      expect(report.drainMs).toBeLessThanOrEqual(20 * MINUTE_MS);
    });
  });

  test('one conversation that always answers 500 dies alone, within an hour, and holds up none of a thousand', {
    timeout: 60_000,
  }, async () => {
    const report = await oneBrokenConversation.run();

    expect(report.violations).toEqual([]);
    expect(report.deadLetters).toBe(1);
    expect(report.deadAfterMs).toBeLessThanOrEqual(HOUR_MS);
    expect(report.records).toBeGreaterThanOrEqual(1000);
    expect(report.openedFor).toEqual([]);
    expect(report.drainMs).toBeLessThanOrEqual(15 * MINUTE_MS);
  });

  describe('a session that fails on its own account', async () => {
    const report = await playOwnFailure();

    test('gets five attempts at growing bounds', () => {
      const [, ...waits] = report.attemptsAfterSeconds;

      expect(waits).toHaveLength(4);
      for (const [place, seconds] of waits.entries()) {
        expect(seconds).toBeGreaterThanOrEqual(30);
        // Two seconds for the poll, the cold start and the pace.
        expect(seconds).toBeLessThanOrEqual(30 * 2 ** (place + 1) + 2);
      }
    });

    test('costs no call any more on its way to the dead-letter queue', () => {
      expect(report.idleReceives).toBe(15);
    });

    test('tells its reason there', () => {
      expect(report.deadLetters[0]).toBe(1);
      expect(report.reason).toEqual({ code: 'crisp_error', status: 200, attempts: 5 });
    });

    test('gives its record after a redrive', () => {
      expect(report.deadLetters[1]).toBe(0);
      expect(report.recordsAfterRedrive).toBe(1);
      expect(report.violations).toEqual([]);
    });
  });
});

test('an event is fetched although an earlier one has a later bucket, from an instance whose clock was ahead', async () => {
  const scene = createScene({ conversations: 1 });
  const [conversation] = scene.conversations;
  const { world } = scene;
  if (!conversation) throw new Error('a scene without conversations');

  world.skewMs.webhook = 20 * MINUTE_MS;
  scene.say(conversation);
  await world.advance(5 * MINUTE_MS);
  world.skewMs.webhook = 0;
  scene.say(conversation);
  await world.settle(HOUR_MS);
  const { violations, figures } = judge(world.history, toTerms(world.settings));
  world.end();

  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ accepted: 2, records: 2 });
});
