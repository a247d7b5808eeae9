import { checkSummary, checkSummaryMetrics } from './summary.ts';
import { set, type TemplateRule } from './template-rule.ts';

/** What must hold for the daily summary. */
export const SUMMARY_RULES: readonly TemplateRule[] = [
  {
    title: 'the summary comes once a day, of this stage, to whoever hears of its alarms',
    check: checkSummary,
    breaches: [
      set(['SummaryEventsRuleSchedule1', 'ScheduleExpression'], 'rate(1 hour)'),
      set(['SummaryEventsRuleSchedule1', 'State'], 'DISABLED'),
      set(['SummaryLambdaFunction', 'Environment', 'Variables', 'ALARM_TOPIC_ARN', 'Ref'], 'RecordsTopic'),
      set(['SummaryLambdaFunction', 'Environment', 'Variables', 'STAGE'], 'other'),
      set(['RecordsQueue', 'QueueName'], 'crisp-enrich-test-outbox'),
      set(['SessionsDeadLetterQueue', 'MessageRetentionPeriod'], 345_600),
    ],
  },
  {
    title: 'the summary counts what the functions publish, in its own namespace',
    check: checkSummaryMetrics,
    breaches: [
      set(['SummaryLambdaFunction', 'Environment', 'Variables', 'METRICS_NAMESPACE'], 'crisp-enrich'),
      set(['WebhookLambdaFunction', 'Environment', 'Variables', 'METRICS_NAMESPACE'], 'crisp-enrich'),
    ],
  },
];
