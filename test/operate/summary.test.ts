import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { parseSummaryConfig } from '../../lib/config/parse.ts';
import { createLambdaContext } from '../../lib/local/lambda/instances.ts';
import type { CountedEvent, MetricReader, QueueGauge, Span } from '../../lib/operate/metrics.ts';
import {
  createSummaryHandler,
  type DaySummary,
  formatDaySummary,
  summarizeDay,
  toSoonestExpiry,
} from '../../lib/operate/summary.ts';
import { problemsOf } from '../support/builders.ts';
import { createRecordingTelemetry } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('create summary handler', () => {
  const ALARM_TOPIC_ARN = 'arn:aws:sns:eu-west-1:123456789012:crisp-enrich-prod-alarms';
  const ENVIRONMENT = { STAGE: 'prod', METRICS_NAMESPACE: 'crisp-enrich/prod', ALARM_TOPIC_ARN };

  /** These two alone: a mocked class would stay so for every file that the same process runs. */
  function mockClients() {
    const clients = {
      cloudwatch: new CloudWatchClient({ region: 'eu-west-1' }),
      sns: new SNSClient({ region: 'eu-west-1' }),
    };
    const [cloudwatch, sns] = [mockClient(clients.cloudwatch), mockClient(clients.sns)];
    sns.on(PublishCommand).resolves({ MessageId: 'one' });
    const telemetry = createRecordingTelemetry();
    const handler = createSummaryHandler(parseSummaryConfig(ENVIRONMENT), { ...clients, telemetry });
    const deadlineMs = systemClock.nowMs() + 60_000;
    const context = createLambdaContext({ functionName: 'summary', clock: systemClock, deadlineMs });
    return { cloudwatch, sns, handle: () => handler({}, context) };
  }

  test('the function reads CloudWatch page by page and publishes one summary', async () => {
    const { cloudwatch, sns, handle } = mockClients();
    // The number of a result is that of its query, in whatever order and on whatever page it comes.
    cloudwatch
      .on(GetMetricDataCommand)
      .callsFake(async ({ NextToken, MetricDataQueries: [{ MetricStat: first }] }) => {
        if (first.Metric.Namespace === 'AWS/SQS')
          return { MetricDataResults: [{ Id: 'm0', Values: [4, 90] }] };
        if (NextToken) return { MetricDataResults: [{ Id: 'm0', Values: [5] }] };
        const [m1, m0] = [[2], [10, 20]];
        return {
          MetricDataResults: [
            { Id: 'm1', Values: m1 },
            { Id: 'm0', Values: m0 },
          ],
          NextToken: 'more',
        };
      });
    await handle();

    const [message, ...others] = sns.commandCalls(PublishCommand).map((call) => call.args[0].input);
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      TopicArn: ALARM_TOPIC_ARN,
      Subject: 'crisp-enrich prod: 35 in, 2 out, 0 failed',
      Message: expect.stringContaining('sessions: 4,'),
    });
  });

  test('it asks for exactly the metrics that its stage publishes', async () => {
    const { cloudwatch, handle } = mockClients();
    cloudwatch.on(GetMetricDataCommand).resolves({});
    await handle();

    const queries = cloudwatch
      .commandCalls(GetMetricDataCommand)
      .flatMap((call) => call.args[0].input.MetricDataQueries ?? [])
      .map(({ MetricStat }) => ({
        ...MetricStat?.Metric,
        Stat: MetricStat?.Stat,
        Period: MetricStat?.Period,
      }));
    expect(queries).toContainEqual({
      Namespace: 'crisp-enrich/prod',
      MetricName: 'job-dead',
      Dimensions: [
        { Name: 'service', Value: 'consumer' },
        { Name: 'code', Value: 'crisp_forbidden' },
      ],
      Stat: 'Sum',
      Period: 3600,
    });
    expect(queries).toContainEqual({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: 'crisp-enrich-prod-sessions-dlq.fifo' }],
      Stat: 'Maximum',
      Period: 300,
    });
  });

  test('without a topic or a stage there is no summary, and every problem is named', () => {
    const problems = problemsOf(() => parseSummaryConfig({}));

    expect(problems).toEqual(
      expect.arrayContaining(['STAGE config_missing', 'ALARM_TOPIC_ARN config_missing']),
    );
  });

  test('a function that reads no secret needs no place of them, but may hold none either', () => {
    const onAws = { ...ENVIRONMENT, AWS_LAMBDA_FUNCTION_NAME: 'crisp-enrich-prod-summary' };

    expect(problemsOf(() => parseSummaryConfig(onAws))).toEqual([]);
    expect(problemsOf(() => parseSummaryConfig({ ...onAws, CRISP_TOKEN_KEY: 'key' }))).toEqual([
      'CRISP_TOKEN_KEY config_invalid',
    ]);
  });
});

describe('format day summary', () => {
  const DAY_SECONDS = 86_400;
  const madeMs = Date.UTC(2026, 10, 23, 5);

  const quiet: DaySummary = {
    stage: 'prod',
    madeMs,
    accepted: 0,
    announced: 0,
    unchanged: 0,
    deaths: [],
    queues: [{ name: 'sessions', messages: 0, oldestSeconds: 0 }],
  };

  test('a summary tells what came in, went out, failed by reason, waits, and when the first of it expires', () => {
    const { subject, text } = formatDaySummary({
      ...quiet,
      accepted: 1200,
      announced: 340,
      unchanged: 15,
      deaths: [
        { code: 'crisp_forbidden', count: 3 },
        { code: 'bad_response', count: 1 },
      ],
      queues: [
        { name: 'sessions', messages: 7, oldestSeconds: 60 },
        { name: 'sessions-dlq', messages: 4, oldestSeconds: 13 * DAY_SECONDS },
      ],
    });

    expect(subject).toBe('crisp-enrich prod: 1200 in, 340 out, 4 failed');
    expect(text.split('\n')).toEqual([
      'crisp-enrich, stage prod: the 24 hours to 2026-11-23T05:00:00Z',
      '',
      'hooks accepted      1200',
      'records announced   340',
      'fetched, unchanged  15',
      'failed for good     4',
      '  crisp_forbidden: 3',
      '  bad_response: 1',
      '',
      'waiting now',
      '  sessions: 7, the oldest for 0 h',
      '  sessions-dlq: 4, the oldest for 312 h',
      'soonest expiry      2026-11-24T05:00:00Z',
      '',
      expect.stringContaining('docs/errors.md'),
    ]);
  });

  test('the command that it names can be pasted', () => {
    const { text } = formatDaySummary({ ...quiet, region: 'eu-west-1' });
    expect(text).toContain('`npx crisp-enrich dlq list --stage prod --region eu-west-1`');
  });

  test('where nothing waits, nothing expires', () => {
    expect(toSoonestExpiry(quiet)).toBeUndefined();
    expect(formatDaySummary(quiet).text).toContain('soonest expiry      nothing waits');
  });

  test('a dead record may expire earlier than its queue tells, for it counts from the first send', () => {
    const queues = [{ name: 'records-dlq', messages: 1, oldestSeconds: DAY_SECONDS }] as const;

    expect(formatDaySummary({ ...quiet, queues }).text).toContain(
      'soonest expiry      2026-12-06T05:00:00Z, in records-dlq perhaps earlier',
    );
  });

  test('the age of a queue that is empty by now expires nothing', () => {
    const queues = [{ name: 'records', messages: 0, oldestSeconds: 13 * DAY_SECONDS }] as const;
    expect(toSoonestExpiry({ madeMs, queues })).toBeUndefined();
  });

  test('a subject is what SNS takes: ASCII, at most 100 characters, however much there is to count', () => {
    const most = 1_000_000_000_000;
    const deaths = [{ code: 'unexpected', count: most }];

    const { subject } = formatDaySummary({
      ...quiet,
      stage: 'a-stage-of-20-letter',
      accepted: most,
      announced: most,
      deaths,
    });

    expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });
});

describe('summarize day', () => {
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
    const context: Parameters<typeof summarizeDay>[0] = {
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
    };
    return { summarizeDay: () => summarizeDay(context), spans, notices, telemetry, clock };
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
});
