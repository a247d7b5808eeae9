import { isDeepStrictEqual } from 'node:util';
import { allStatements } from '../template/policy-statements.ts';
import { at, resourcesOf, type Template, targetOf, toList } from '../template/template.ts';

const TURNERS = ['ConsumerLambdaFunction', 'ProbeLambdaFunction'];

/** Whoever turns the tap looks for the mapping that there is: between this queue and this function. */
export function checkTapEnds(template: Template): string[] {
  const [mapping] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping');
  const consumer = targetOf(mapping?.properties.FunctionName) ?? '';
  const name = at(template.Resources, consumer, 'Properties', 'FunctionName');
  const queue = targetOf(mapping?.properties.EventSourceArn);
  return TURNERS.filter((id) => {
    const variables = at(template.Resources, id, 'Properties', 'Environment', 'Variables');
    const named = at(variables, 'CONSUMER_FUNCTION_NAME');
    return name !== named || queue !== targetOf(at(variables, 'SESSIONS_QUEUE_ARN'));
  }).map((id) => `${id} looks for another mapping`);
}

/** The right to turn a mapping is limited by the function that it feeds. */
export function checkTapRights(template: Template): string[] {
  const name = String(at(template.Resources, 'ConsumerLambdaFunction', 'Properties', 'FunctionName'));
  return allStatements(template)
    .filter(({ actions }) => actions.includes('lambda:UpdateEventSourceMapping'))
    .filter(({ condition }) => {
      const arn = at(condition, 'ArnEquals', 'lambda:FunctionArn', 'Fn::Sub');
      return typeof arn !== 'string' || !arn.endsWith(`:function:${name}`);
    })
    .map(({ owner }) => `${owner} may turn the triggers of other functions`);
}

/** The probe runs every minute, alone, and a run that failed is not repeated beside the next one. */
export function checkProbeSchedule(template: Template): string[] {
  const isProbe = (id: unknown) => targetOf(id) === 'ProbeLambdaFunction';
  const schedules = resourcesOf(template, 'AWS::Events::Rule').filter(({ properties }) =>
    toList(properties.Targets).some((target) => isProbe(at(target, 'Arn'))),
  );
  const [schedule] = schedules;
  const timeout = Number(at(template.Resources, 'ProbeLambdaFunction', 'Properties', 'Timeout'));
  const invocation = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').find(({ properties }) =>
    isProbe(properties.FunctionName),
  );
  return [
    ...(schedules.length === 1 && schedule?.properties.ScheduleExpression === 'rate(1 minute)'
      ? []
      : ['the probe does not run every minute']),
    ...(schedule?.properties.State === 'ENABLED' ? [] : ['the schedule of the probe is off']),
    ...(timeout <= 60 ? [] : ['a run of the probe may meet the next one']),
    ...(invocation?.properties.MaximumRetryAttempts === 0 ? [] : ['a failed run of the probe is repeated']),
  ];
}

/** An alarm sees a breaker that is open, and a probe that is silent; it names the metric exactly as it is published. */
export function checkBreakerAlarm(template: Template): string[] {
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').filter(
    ({ properties }) => properties.MetricName === 'breaker-open',
  );
  const [alarm] = alarms;
  if (alarm === undefined) return ['nobody hears of an open breaker'];
  const { properties } = alarm;
  const probe = at(template.Resources, 'ProbeLambdaFunction', 'Properties');
  const service = at(probe, 'FunctionName');
  const namespace = at(probe, 'Environment', 'Variables', 'METRICS_NAMESPACE');
  const dimensions = JSON.stringify(properties.Dimensions);
  const isHeard = toList(properties.AlarmActions).some((action) => targetOf(action) === 'AlarmTopic');
  return [
    ...(properties.Namespace === namespace && dimensions === '[{"Name":"service","Value":"probe"}]'
      ? []
      : [`${alarm.id} watches a metric that nobody publishes`]),
    ...(String(service).endsWith('-probe') ? [] : ['the probe has another name']),
    ...(properties.TreatMissingData === 'breaching' ? [] : [`${alarm.id} is content with a silent probe`]),
    ...(Number(properties.Threshold) === 1 && properties.Statistic === 'Maximum'
      ? []
      : [`${alarm.id} does not see an open breaker`]),
    ...(isHeard ? [] : [`${alarm.id} tells nobody`]),
  ];
}

/** Alarms are mailed to the address that was given, and to no other; without one to nobody. */
export function checkAlarmAddress(template: Template, alarmEmail: string): string[] {
  const found = at(template.Resources, 'AlarmTopic', 'Properties', 'Subscription');
  const wanted = alarmEmail === '' ? undefined : [{ Protocol: 'email', Endpoint: alarmEmail }];
  return isDeepStrictEqual(found, wanted) ? [] : ['alarms are mailed to an address that nobody gave'];
}

/** An update of the stack leaves a mapping as the breaker or an operator turned it. */
export function checkMappingState(template: Template): string[] {
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => !isDeepStrictEqual(properties.Enabled, { Ref: 'AWS::NoValue' }))
    .map(({ id }) => `${id} is switched on by an update`);
}

/** A condition that is known when the template is packaged has no place in it: the part is there, or it is not. */
export function checkNoConstantConditions(template: Template): string[] {
  return Object.entries(template.Conditions ?? {})
    .filter(([, condition]) => !JSON.stringify(condition).includes('"Ref"'))
    .map(([name]) => `${name} is a constant`);
}
