import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../template/package-repository.ts';
import {
  checkAlarmAudience,
  checkAlarmPages,
  checkDeadLetterAlarms,
  checkFunctionAlarms,
  checkRetentionAlarms,
  checkSums,
  checkWaitingAlarm,
} from './alarms.ts';
import { checkMetricsPublished } from './published-metrics.ts';
import { set, type TemplateRule } from './template-rule.ts';

const ALARM_PAGE = readFileSync(join(ROOT, 'docs/alarms.md'), 'utf8');

/** What must hold for the alarms of a template with every option set, for only that one has them all. */
export const EVERY_ALARM_RULES: readonly TemplateRule[] = [
  {
    title: 'every alarm has a heading in docs/alarms.md, and every heading an alarm',
    check: (it) => checkAlarmPages(it, ALARM_PAGE),
    breaches: [
      set(['SessionsWaitingAlarm', 'AlarmName'], 'crisp-enrich-test-sessions-late'),
      set(['SessionsWaitingAlarm', 'AlarmDescription'], 'Look it up.'),
      (it) => void delete it.Resources.PagingUntrustedAlarm,
    ],
  },
  {
    title: 'an alarm tells the alarm topic, also when it is over, and knows what silence means',
    check: checkAlarmAudience,
    breaches: [
      set(['ConsumerErrorsAlarm', 'AlarmActions'], []),
      set(['ConsumerErrorsAlarm', 'OKActions'], undefined),
      set(['ConsumerErrorsAlarm', 'TreatMissingData'], undefined),
      set(['NoHooksAlarm', 'TreatMissingData'], 'notBreaching'),
    ],
  },
];

/** What must hold for the alarms of every template. */
export const ALARM_RULES: readonly TemplateRule[] = [
  {
    title: 'an alarm over several metrics adds all of them up',
    check: checkSums,
    breaches: [
      set(['CrispRefusesAlarm', 'Metrics', 2, 'Expression'], 'SUM([FILL(m1, 0)])'),
      set(['CrispRefusesAlarm', 'Metrics', 0, 'ReturnData'], true),
    ],
  },
  {
    title: 'a single message in a queue of dead letters raises an alarm',
    check: checkDeadLetterAlarms,
    breaches: [
      ...['SessionsDeadLetterAlarm', 'RecordsDeadLetterAlarm', 'RecordsUndeliveredAlarm'].flatMap((id) => [
        set([id, 'Threshold'], 2),
        set([id, 'Dimensions', 0, 'Value'], { 'Fn::GetAtt': ['SessionsQueue', 'QueueName'] }),
      ]),
      set(['SessionsDeadLetterAlarm', 'Statistic'], 'Minimum'),
      set(['SessionsDeadLetterAlarm', 'ComparisonOperator'], 'GreaterThanThreshold'),
    ],
  },
  {
    title: 'messages that spend half and four fifths of what a queue keeps them for raise an alarm each',
    check: checkRetentionAlarms,
    breaches: [
      set(['SessionsAge50Alarm', 'Threshold'], 700_000),
      set(['SessionsDeadLetterAge80Alarm', 'Threshold'], 1_209_600),
      set(['RecordsQueue', 'MessageRetentionPeriod'], 345_600),
      (it) => void delete it.Resources.RecordsUndeliveredAge80Alarm,
    ],
  },
  {
    title: 'a session that waits much longer than the longest delay raises an alarm',
    check: checkWaitingAlarm,
    breaches: [
      set(['SessionsWaitingAlarm', 'Threshold'], 300),
      set(['SessionsWaitingAlarm', 'Threshold'], 86_400),
      set(['SessionsWaitingAlarm', 'Dimensions', 0, 'Value'], {
        'Fn::GetAtt': ['RecordsQueue', 'QueueName'],
      }),
    ],
  },
  {
    title: 'a function that dies or is refused by Lambda raises an alarm',
    check: checkFunctionAlarms,
    breaches: [
      set(['ProbeThrottlesAlarm', 'Dimensions', 0, 'Value', 'Ref'], 'ConsumerLambdaFunction'),
      set(['WebhookErrorsAlarm', 'Threshold'], 100),
      set(['WebhookFailingAlarm', 'MetricName'], 'Url4xxCount'),
    ],
  },
  {
    title: 'an alarm watches what the functions publish: namespace, name and every dimension',
    check: checkMetricsPublished,
    breaches: [
      set(['BreakerOpenAlarm', 'Dimensions'], []),
      set(['BreakerOpenAlarm', 'Namespace'], 'crisp-enrich'),
      set(['PagingUntrustedAlarm', 'MetricName'], 'paging-trusted'),
      set(['PagingUntrustedAlarm', 'Dimensions', 0, 'Value'], 'webhook'),
      set(['LedgerUnavailableAlarm', 'Dimensions', 1, 'Value'], 'ledger_unavailable'),
      set(['LedgerUnavailableAlarm', 'Dimensions'], [{ Name: 'service', Value: 'consumer' }]),
      set(
        ['CrispRefusesAlarm', 'Metrics', 0, 'MetricStat', 'Metric', 'Dimensions', 1, 'Value'],
        'rate_limited',
      ),
      set(['ConsumerLambdaFunction', 'Environment', 'Variables', 'METRICS_NAMESPACE'], 'crisp-enrich/other'),
    ],
  },
];
