import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createSummaryHandler } from '../../lib/app/create-summary-handler.ts';
import { parseSummaryConfig } from '../../lib/core/config/parse-summary-config.ts';
import { createLambdaContext } from '../../lib/local/lambda/lambda-context.ts';
import { problemsOf } from '../support/a-configuration.ts';
import { createRecordingTelemetry } from '../support/recording-telemetry.ts';

const ALARM_TOPIC_ARN = 'arn:aws:sns:eu-west-1:123456789012:crisp-enrich-prod-alarms';
const ENVIRONMENT = { STAGE: 'prod', METRICS_NAMESPACE: 'crisp-enrich/prod', ALARM_TOPIC_ARN };

test('the function reads CloudWatch page by page and publishes one summary', async () => {
  const cloudwatch = mockClient(CloudWatchClient);
  // The number of a result is that of its query, in whatever order and on whatever page it comes.
  cloudwatch
    .on(GetMetricDataCommand)
    .callsFake(async ({ NextToken, MetricDataQueries: [{ MetricStat: first }] }) => {
      if (first.Metric.Namespace === 'AWS/SQS') return { MetricDataResults: [{ Id: 'm0', Values: [4, 90] }] };
      return NextToken === undefined
        ? {
            MetricDataResults: [
              { Id: 'm1', Values: [2] },
              { Id: 'm0', Values: [10, 20] },
            ],
            NextToken: 'more',
          }
        : { MetricDataResults: [{ Id: 'm0', Values: [5] }] };
    });
  const sns = mockClient(SNSClient);
  sns.on(PublishCommand).resolves({ MessageId: 'one' });
  const handler = createSummaryHandler(parseSummaryConfig(ENVIRONMENT), {
    cloudwatch: new CloudWatchClient({ region: 'eu-west-1' }),
    sns: new SNSClient({ region: 'eu-west-1' }),
    telemetry: createRecordingTelemetry(),
  });

  const deadlineMs = systemClock.nowMs() + 60_000;
  await handler({}, createLambdaContext({ functionName: 'summary', clock: systemClock, deadlineMs }));

  const [message, ...others] = sns.commandCalls(PublishCommand).map((call) => call.args[0].input);
  expect(others).toEqual([]);
  expect(message).toMatchObject({
    TopicArn: ALARM_TOPIC_ARN,
    Subject: 'crisp-enrich prod: 35 in, 2 out, 0 failed',
    Message: expect.stringContaining('sessions: 4,'),
  });
});

test('it asks for exactly the metrics that its stage publishes', async () => {
  const cloudwatch = mockClient(CloudWatchClient);
  cloudwatch.on(GetMetricDataCommand).resolves({});
  const sns = mockClient(SNSClient);
  sns.on(PublishCommand).resolves({});
  const handler = createSummaryHandler(parseSummaryConfig(ENVIRONMENT), {
    cloudwatch: new CloudWatchClient({ region: 'eu-west-1' }),
    sns: new SNSClient({ region: 'eu-west-1' }),
    telemetry: createRecordingTelemetry(),
  });

  const deadlineMs = systemClock.nowMs() + 60_000;
  await handler({}, createLambdaContext({ functionName: 'summary', clock: systemClock, deadlineMs }));

  const queries = cloudwatch
    .commandCalls(GetMetricDataCommand)
    .flatMap((call) => call.args[0].input.MetricDataQueries ?? [])
    .map(({ MetricStat }) => ({ ...MetricStat?.Metric, Stat: MetricStat?.Stat, Period: MetricStat?.Period }));
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
