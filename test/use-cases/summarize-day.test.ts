import { expect, test } from 'vitest';
import type { CountedEvent, MetricReader, QueueGauge, Span } from '../../lib/ports/metric-reader.ts';
import { createSummarizeDay } from '../../lib/use-cases/summarize-day.ts';
import { createRecordingTelemetry } from '../support/recording-telemetry.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const NOTHING: QueueGauge = { messages: 0, oldestSeconds: 0 };
const HOUR_SECONDS = 3600;

interface Scene {
  readonly counts?: Readonly<Record<string, number>>;
  readonly gauges?: Readonly<Record<string, QueueGauge>>;
  readonly refused?: Error;
}

function createScene({ counts = {}, gauges = {}, refused }: Scene = {}) {
  const spans: Span[] = [];
  const notices: { subject: string; text: string }[] = [];
  const telemetry = createRecordingTelemetry();
  const clock = createVirtualClock();
  const toKey = ({ service, name, code }: CountedEvent) => [service, name, code].filter(Boolean).join(' ');
  const metrics: MetricReader = {
    async countEvents(events, span) {
      spans.push(span);
      return events.map((event) => counts[toKey(event)] ?? 0);
    },
    gaugeQueues: async (names) => names.map((name) => gauges[name] ?? NOTHING),
  };
  const summarizeDay = createSummarizeDay({
    stage: 'prod',
    metrics,
    notices: {
      async publish(notice) {
        if (refused) throw refused;
        notices.push(notice);
      },
    },
    telemetry,
    clock,
  });
  return { summarizeDay, spans, notices, telemetry, clock };
}

test('a day is summed up from its metrics, told to the log and to whoever hears of alarms', async () => {
  const scene = createScene({
    counts: {
      'webhook session-enqueued': 30,
      'consumer record-emitted': 7,
      'consumer record-unchanged': 2,
      'consumer job-dead bad_response': 1,
      'consumer job-dead crisp_forbidden': 3,
    },
    gauges: {
      'crisp-enrich-prod-sessions.fifo': { messages: 5, oldestSeconds: 60 },
      'crisp-enrich-prod-sessions-dlq.fifo': { messages: 4, oldestSeconds: HOUR_SECONDS },
      'crisp-enrich-prod-records-undelivered': { messages: 1, oldestSeconds: 10 },
    },
  });

  const summary = await scene.summarizeDay();

  expect(summary).toMatchObject({
    accepted: 30,
    announced: 7,
    unchanged: 2,
    deaths: [
      { code: 'crisp_forbidden', count: 3 },
      { code: 'bad_response', count: 1 },
    ],
  });
  expect(scene.telemetry.events).toMatchObject([
    { name: 'day-summarized', deaths: 'crisp_forbidden: 3, bad_response: 1', waiting: 5, deadLetters: 5 },
  ]);
  expect(scene.notices).toMatchObject([{ subject: 'crisp-enrich prod: 30 in, 7 out, 4 failed' }]);
});

test('the day is the 24 hours before', async () => {
  const { summarizeDay, spans, clock } = createScene();

  await summarizeDay();

  expect(spans).toEqual([{ fromMs: clock.nowMs() - 86_400_000, toMs: clock.nowMs() }]);
});

test('a day on which nothing happened is told as well, for silence would say nothing', async () => {
  const { summarizeDay, notices } = createScene();

  await summarizeDay();

  expect(notices).toMatchObject([{ subject: 'crisp-enrich prod: 0 in, 0 out, 0 failed' }]);
});

test('a summary that could not be sent fails, so that it is sent again, and is in the log already', async () => {
  const { summarizeDay, telemetry } = createScene({ refused: new Error('away') });

  await expect(summarizeDay()).rejects.toThrow('away');
  expect(telemetry.events).toHaveLength(1);
});
