import { allStatements, type PolicyStatement, resourceStatements } from '../template/policy-statements.ts';
import { at, resourcesOf, type Template, targetOf } from '../template/template.ts';
import { deadLetterQueueIds } from './queues.ts';

/** Roles name their actions and resources; resource policies allow nobody in particular nothing. */
export function checkWildcards(template: Template): string[] {
  const allowed = allStatements(template).filter(({ effect }) => effect === 'Allow');
  return [
    ...allowed
      .filter(({ isByExclusion }) => isByExclusion)
      .map(({ owner }) => `${owner} allows by exclusion`),
    ...allowed.filter(hasWildcardAction).map(({ owner }) => `${owner} allows actions by wildcard`),
    ...allowed.filter(hasWildcardResource).map(({ owner }) => `${owner} allows any resource`),
    ...allowed.filter(hasAnyPrincipal).map(({ owner }) => `${owner} allows anybody`),
  ];
}

/** Nobody can put a message into a dead-letter queue, so that every message there came from its source queue. */
export function checkDeadLetterSenders(template: Template): string[] {
  const deadLetterQueues = deadLetterQueueIds(template);
  const isDeadLetterQueue = (resource: unknown) => {
    if (deadLetterQueues.includes(targetOf(resource) ?? '')) return true;
    // However its ARN is put together; a pattern may mean one.
    const text = JSON.stringify(resource) ?? '';
    return /dlq|dead-?letter/i.test(text) || /[*?]/.test(text.split(':').pop() ?? '');
  };
  return allStatements(template)
    .filter(({ effect, actions }) => effect === 'Allow' && actions.some(maySend))
    .filter(({ resources }) => resources.some(isDeadLetterQueue))
    .map(({ owner }) => `${owner} may send to a dead-letter queue`);
}

/** Two strangers are let in: our topic's delivery into queues, and this account's alarms into theirs. */
export function checkStrangers(template: Template): string[] {
  return resourceStatements(template)
    .filter(({ effect }) => effect === 'Allow')
    .filter((statement) => !isTopicDelivery(statement) && !isAlarm(statement))
    .map(({ owner }) => `${owner} lets in more than the records topic`);
}

function isTopicDelivery({ principal, condition, actions }: PolicyStatement): boolean {
  return (
    at(principal, 'Service') === 'sns.amazonaws.com' &&
    targetOf(at(condition, 'ArnEquals', 'aws:SourceArn')) === 'RecordsTopic' &&
    actions.join() === 'sqs:SendMessage'
  );
}

function isAlarm({ principal, condition, actions, resources }: PolicyStatement): boolean {
  return (
    at(principal, 'Service') === 'cloudwatch.amazonaws.com' &&
    targetOf(at(condition, 'StringEquals', 'aws:SourceAccount')) === 'AWS::AccountId' &&
    actions.join() === 'sns:Publish' &&
    resources.every((resource) => targetOf(resource) === 'AlarmTopic')
  );
}

/** One role per function: what one may do, no other may by accident. */
export function checkRoles(template: Template): string[] {
  const functions = resourcesOf(template, 'AWS::Lambda::Function');
  const roles = functions.map(({ properties }) => targetOf(properties.Role));
  return functions
    .filter((_function, index) => roles.indexOf(roles[index]) !== index || roles[index] === undefined)
    .map(({ id }) => `${id} has no role of its own`);
}

/** New function URLs need two permissions: one for the URL, one for the call that comes through it. */
export function checkFunctionUrls(template: Template): string[] {
  const permissions = resourcesOf(template, 'AWS::Lambda::Permission');
  const urls = resourcesOf(template, 'AWS::Lambda::Url');
  return [
    ...(urls.length === 1 ? [] : [`there are ${urls.length} function URLs`]),
    ...urls.flatMap(({ id, properties }) => {
      const target = targetOf(properties.TargetFunctionArn);
      const granted = permissions
        .filter((permission) => targetOf(permission.properties.FunctionName) === target)
        .map(({ properties: it }) =>
          [it.Action, it.FunctionUrlAuthType ?? it.InvokedViaFunctionUrl].join(' '),
        );
      return [
        ...(granted.includes('lambda:InvokeFunctionUrl NONE') ? [] : [`${id} may not be called`]),
        ...(granted.includes('lambda:InvokeFunction true') ? [] : [`${id} may not invoke its function`]),
        ...(properties.Cors === undefined ? [] : [`${id} answers other websites' pages`]),
      ];
    }),
  ];
}

function hasWildcardAction({ actions }: PolicyStatement): boolean {
  return actions.some((action) => action.includes('*'));
}

// AWS offers neither a resource nor a condition for it.
const WITHOUT_RESOURCE = [
  'lambda:ListEventSourceMappings',
  'ssm:DescribeParameters',
  'cloudwatch:GetMetricData',
];

function hasWildcardResource({ actions, resources }: PolicyStatement): boolean {
  if (actions.length > 0 && actions.every((action) => WITHOUT_RESOURCE.includes(action))) return false;
  return resources.some((resource) => resource === '*') || resources.length === 0;
}

function hasAnyPrincipal({ principal }: PolicyStatement): boolean {
  return principal === '*' || at(principal, 'AWS') === '*';
}

function maySend(action: string): boolean {
  // IAM knows no upper and lower case in actions, and a star may stand anywhere.
  const pattern = action
    .replace(/[^\w*?]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 'i').test('sqs:SendMessage');
}
