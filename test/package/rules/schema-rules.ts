import type { Template } from '../template/template.ts';
import { checkResourceSchemas } from './resource-schemas.ts';
import { set, type TemplateRule } from './template-rule.ts';

/** What CloudFormation itself would refuse, as far as its published schemas tell. */
export const SCHEMA_RULES: readonly TemplateRule[] = [
  {
    title: 'every resource is as CloudFormation’s schema of its type has it',
    check: checkResourceSchemas,
    breaches: [
      set(['SessionsQueue', 'VisibilityTimeoutSeconds'], 3600),
      set(['SessionsQueue', 'VisibilityTimeout'], '3600'),
      set(['SessionsQueue', 'DelaySeconds'], 1.5),
      set(['LedgerTable', 'KeySchema'], undefined),
      set(['LedgerTable', 'PointInTimeRecoverySpecification'], { Enabled: true }),
      set(['BreakerOpenAlarm', 'Dimensions'], { Name: 'service', Value: 'probe' }),
      set(['HooksUnverifiedAlarm', 'Metrics', 0, 'MetricStat', 'Statistic'], 'Sum'),
      set(['ConsumerLambdaFunction', 'Environment', 'Variables', 'MAX_PAGES'], 5),
      (it: Template) => void Object.assign(it.Resources.AlarmTopic ?? {}, { Type: 'AWS::SNS::Thread' }),
    ],
  },
];
