import { afterAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { alternativePositions, type SwitchName } from '../../lib/local/simulator/switches.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import {
  endHoldOff,
  type LocalScene,
  simulatorOf,
  startLocalScene,
  untilMapping,
} from '../support/local-scene.ts';

// What the story must be told with for a switch to matter at all.
const UNDER_A_LIMIT: readonly SwitchName[] = [
  'rateLimitStatus',
  'rateLimitReason',
  'retryAfter',
  'refusedRequests',
];
const BY_WEBSITE_HOOK: readonly SwitchName[] = [
  'websiteHookEvents',
  'websiteHookRetries',
  'websiteHookOrigin',
];
const WITH_A_SPENT_QUOTA: readonly SwitchName[] = [
  'quotaStatus',
  'quotaReason',
  'quotaResetHourUtc',
  'cachedReads',
];
const ABOUT_REMOVAL: readonly SwitchName[] = ['missingSessionStatus', 'missingSessionReason'];
const WITH_EVERYTHING: readonly SwitchName[] = ['listStatus', 'listPageSize', 'pageBeyondEnd'];

const positions = [{ name: 'none' as const, position: 'all defaults' }, ...alternativePositions()];
const results: string[] = [];

/**
 * The same story in every position of every switch: a conversation of 45 messages gets one more by a hook of Crisp's own,
 * and its record holds all 46 and the profile. One position at a time differs from the defaults.
 */
describe.concurrent('whatever is true of Crisp, the record is complete', () => {
  test.each(positions)('$name = $position', { timeout: 60_000 }, async ({ name, position }) => {
    const scene = await startLocalScene({ env: toEnvironment(name) });
    try {
      const simulator = simulatorOf(scene);
      if (name !== 'none') simulator.setSwitch(name, position);
      if (includes(UNDER_A_LIMIT, name)) simulator.limits.setRate({ requestsPerSecond: 4, burst: 2 });
      const isSpent = includes(WITH_A_SPENT_QUOTA, name);
      if (isSpent) spendQuota(scene);
      const [session] = simulator.seedConversations({ conversations: 1, messages: 45, anonymousEvery: 0 });
      if (!session) throw new Error('no session');

      simulator.sendMessage(session);
      if (isSpent) await restoreQuotaAfterRefusal(scene);
      const record = await newestRecord(scene, session);

      expect(fingerprints(record)).toEqual(truth(scene, session));
      expect(record.profile).not.toBeNull();
      results.push(
        `${name} = ${position}: ${record.messages.length} messages, terminated by ${record.enrichment.terminated_by}`,
      );
    } finally {
      await scene.stop();
    }
  });
});

const removals = positions.filter(({ name }) => name === 'none' || includes(ABOUT_REMOVAL, name));

describe.concurrent('whatever a missing conversation looks like, its removal is announced', () => {
  test.each(removals)('$name = $position', { timeout: 60_000 }, async ({ name, position }) => {
    const scene = await startLocalScene();
    try {
      const simulator = simulatorOf(scene);
      if (name !== 'none') simulator.setSwitch(name, position);
      const session = simulator.startConversation();
      simulator.sendMessage(session);
      await scene.receiveRecords(1);

      simulator.removeConversation(session);
      const [removal] = await scene.receiveRecords(1);

      expect(removal).toMatchObject({ kind: 'conversation.removed', session_id: session.sessionId });
      results.push(`${name} = ${position}: removal announced`);
    } finally {
      await scene.stop();
    }
  });
});

afterAll(() => {
  console.log(`${results.length} positions green:\n${results.toSorted().join('\n')}`);
});

function toEnvironment(name: SwitchName | 'none'): Record<string, string> {
  return {
    ...(includes(BY_WEBSITE_HOOK, name) && { CRISP_HOOK_MODE: 'website' }),
    ...(includes(WITH_EVERYTHING, name) && { ENRICH_INCLUDE: 'profile,pages,events,relations' }),
    // Faster than the limit of the simulator, so that some requests are refused.
    // The message is not shown again before the mapping is off.
    ...(includes(WITH_A_SPENT_QUOTA, name) && { RETRY_BASE_SECONDS: '5' }),
    ...(includes(UNDER_A_LIMIT, name) && { CRISP_REQUESTS_PER_SECOND: '40' }),
  };
}

function spendQuota(scene: LocalScene): void {
  const { quota } = simulatorOf(scene).limits;
  quota.setPerDay(1);
  quota.setUsed(1, systemClock.nowMs());
}

async function restoreQuotaAfterRefusal(scene: LocalScene): Promise<void> {
  const { limits } = simulatorOf(scene);
  await vi.waitFor(() => expect(scene.shown.join('')).toContain('fail '), 10_000);
  limits.quota.setPerDay(0);
  // A quota that says so holds the queue until the probe has seen that it is whole again; one that looks like a rate
  // limit slows one session down.
  if (!scene.shown.join('').includes('the queue is held')) return;
  await untilMapping(scene, 'off');
  await endHoldOff(scene);
  await scene.mode.pipeline.probe();
}

function includes(names: readonly SwitchName[], name: SwitchName | 'none'): boolean {
  return name !== 'none' && names.includes(name);
}

/** Records of a session until one has its newest message: a stale read may be announced first. */
async function newestRecord(scene: LocalScene, session: SessionRef): Promise<EnrichedRecord> {
  for (;;) {
    const [record] = await scene.receiveRecords(1);
    if (record && record.messages.length === truth(scene, session).length) return record;
  }
}

function truth(scene: LocalScene, session: SessionRef): number[] {
  const { messages = [] } = simulatorOf(scene).readConversation(session) ?? {};
  const inOrder = messages.toSorted((a, b) => a.timestamp - b.timestamp || a.fingerprint - b.fingerprint);
  return inOrder.map(({ fingerprint }) => fingerprint);
}

function fingerprints(record: EnrichedRecord): unknown[] {
  return record.messages.map((message) => (message as { fingerprint: number }).fingerprint);
}
