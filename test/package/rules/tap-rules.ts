import { toInfraSettings } from '../../../lib/core/config/to-infra-settings.ts';
import { at, resourcesOf, type Template, toList } from '../template/template.ts';
import {
  checkAlarmAddress,
  checkBreakerAlarm,
  checkMappingState,
  checkNoConstantConditions,
  checkProbeSchedule,
  checkTapEnds,
  checkTapRights,
} from './tap.ts';
import { set, type TemplateRule } from './template-rule.ts';

// What the deployer gets who sets nothing.
const DEPLOYED = toInfraSettings({}, { isLocal: false, archiveBucketSuffix: '' });

/** What must hold for the tap of the queue, the probe that turns it, and the alarm that watches both. */
export const TAP_RULES: readonly TemplateRule[] = [
  {
    title: 'whoever turns the tap looks for the mapping that there is',
    check: checkTapEnds,
    breaches: [
      set(['ProbeLambdaFunction', 'Environment', 'Variables', 'CONSUMER_FUNCTION_NAME'], 'another'),
      set(['ConsumerLambdaFunction', 'Environment', 'Variables', 'SESSIONS_QUEUE_ARN'], {
        'Fn::GetAtt': ['RecordsQueue', 'Arn'],
      }),
      set(['ConsumerLambdaFunction', 'FunctionName'], 'crisp-enrich-test-another'),
    ],
  },
  {
    title: 'no other function’s trigger can be turned',
    check: checkTapRights,
    breaches: ['ConsumerRole', 'ProbeRole'].map((role) => (it: Template) => {
      const statements = at(it.Resources, role, 'Properties', 'Policies', 0, 'PolicyDocument', 'Statement');
      for (const statement of toList(statements)) Object.assign(statement ?? {}, { Condition: undefined });
    }),
  },
  {
    title: 'the probe looks every minute, one look at a time',
    check: checkProbeSchedule,
    breaches: [
      set(['ProbeEventsRuleSchedule1', 'ScheduleExpression'], 'rate(1 day)'),
      set(['ProbeEventsRuleSchedule1', 'State'], 'DISABLED'),
      set(['ProbeLambdaFunction', 'Timeout'], 61),
      (it) => void delete it.Resources.ProbeLambdaEvConf,
    ],
  },
  {
    title: 'an open breaker and a silent probe raise an alarm',
    check: checkBreakerAlarm,
    breaches: [
      (it) => void delete it.Resources.BreakerOpenAlarm,
      set(['BreakerOpenAlarm', 'Dimensions'], []),
      set(['BreakerOpenAlarm', 'Threshold'], 2),
      set(['BreakerOpenAlarm', 'TreatMissingData'], 'notBreaching'),
      set(['BreakerOpenAlarm', 'AlarmActions'], []),
    ],
  },
  {
    title: 'alarms are mailed to the address that was given, if any',
    check: (it) => checkAlarmAddress(it, DEPLOYED.alarmEmail),
    breaches: [
      set(['AlarmTopic', 'Subscription'], [{ Protocol: 'email', Endpoint: '' }]),
      set(['AlarmTopic', 'Subscription'], [{ Protocol: 'email', Endpoint: 'somebody@example.com' }]),
    ],
  },
  {
    title: 'an update of the stack switches no mapping on that is held',
    check: checkMappingState,
    breaches: [
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'Enabled'], true),
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'Enabled'], undefined),
    ],
  },
  {
    title: 'no condition is a constant, and no policy has a description that could never be changed',
    check: (it) => [
      ...checkNoConstantConditions(it),
      ...resourcesOf(it, 'AWS::IAM::ManagedPolicy')
        .filter(({ properties }) => properties.Description !== undefined)
        .map(({ id }) => `${id} can never be described otherwise`),
    ],
    breaches: [
      (it) => void Object.assign(it, { Conditions: { HasAlarmEmail: { 'Fn::Equals': ['a', ''] } } }),
      set(['OperatorPolicy', 'Description'], 'Operate'),
    ],
  },
];
