import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { mapStageQueues } from '../../lib/aws/queues.ts';
import { createLiveTraffic } from '../../lib/console/live-traffic.ts';
import { type OnceCounts, toOnceReport } from '../../lib/local/once.ts';
import { createCounters } from '../../lib/local/simulator/counters.ts';
import type { QueueDepths } from '../../lib/local/start.ts';
import { startLocalScene } from '../support/local-scene.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const EMPTY: QueueDepths = mapStageQueues(() => 0);

/** A run of one conversation in which all counts agree. */
function aRun(change: Partial<OnceCounts> = {}): OnceCounts {
  const events = 1;
  return {
    demo: {
      conversations: 1,
      sessions: [],
      removed: [],
      events,
      hooksSent: 0,
      hooksAcknowledged: 0,
      hooksFailed: 0,
      durationMs: 1000,
    },
    totals: { ...createLiveTraffic(createVirtualClock()).totals(), recordsEmitted: 2 },
    crisp: createCounters().snapshot(),
    queues: { ...EMPTY, records: 2 },
    baseline: undefined,
    ...change,
  };
}

test('the report counts what came since the start, on kept data too', () => {
  const baseline = { ...EMPTY, records: 40, 'sessions-dlq': 3, 'records-undelivered': 1 };
  const queues = { ...baseline, records: 42 };
  // A job that was put off for hours before.
  const withOldJob = { queues: { ...queues, sessions: 1 }, baseline: { ...baseline, sessions: 1 } };

  expect(toOnceReport(aRun()).agrees).toBe(true);
  expect(toOnceReport(aRun({ queues, baseline })).agrees).toBe(true);
  expect(toOnceReport(aRun(withOldJob)).agrees).toBe(true);
  expect(toOnceReport(aRun({ queues: { ...queues, sessions: 1 }, baseline })).agrees).toBe(false);
  expect(toOnceReport(aRun({ queues: { ...queues, records: 43 }, baseline })).agrees).toBe(false);
  expect(toOnceReport(aRun({ queues: { ...queues, 'sessions-dlq': 4 }, baseline })).agrees).toBe(false);
});

test('one of a thing is told in the singular', () => {
  expect(toOnceReport(aRun()).text).toMatch(/^1 conversation, 1 event in 1 s$/m);
});

test('--once on kept data begins with what the queues hold', { timeout: 30_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'crisp-enrich-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const first = await startLocalScene({ args: ['--data', dataDir] });
  const QueueUrl = first.mode.health.queues.records;
  await first.mode.aws.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'an older record' }));
  await first.stop();

  const second = await startLocalScene({ args: ['--data', dataDir, '--once'] });
  onTestFinished(() => second.stop());

  expect(first.mode.baseline).toBeUndefined();
  expect(second.mode.baseline).toEqual({ ...EMPTY, records: 1 });
});
