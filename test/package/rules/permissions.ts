import { type PolicyStatement, resourceStatements, roleStatements } from '../template/policy-statements.ts';
import { at, resourcesOf, type Template, targetOf } from '../template/template.ts';
import { deadLetterQueueIds } from './queues.ts';

/** Roles name their actions and resources; resource policies allow nobody in particular nothing. */
export function checkWildcards(template: Template): string[] {
  const allowed = [...roleStatements(template), ...resourceStatements(template)].filter(
    ({ effect }) => effect === 'Allow',
  );
  return [
    ...allowed.filter(hasWildcardAction).map(({ owner }) => `${owner} allows actions by wildcard`),
    ...allowed.filter(hasWildcardResource).map(({ owner }) => `${owner} allows any resource`),
    ...allowed.filter(hasAnyPrincipal).map(({ owner }) => `${owner} allows anybody`),
  ];
}

/** Nobody can put a message into a dead-letter queue, so that every message there came from its source queue. */
export function checkDeadLetterSenders(template: Template): string[] {
  const deadLetterQueues = deadLetterQueueIds(template);
  const names = deadLetterQueues.map((id) => String(at(template.Resources, id, 'Properties', 'QueueName')));
  const isDeadLetterQueue = (resource: unknown) => {
    const text = typeof resource === 'string' ? resource : String(at(resource, 'Fn::Sub') ?? '');
    const isNamed =
      names.some((name) => text.endsWith(`:${name}`)) || /[*?]/.test(text.split(':').pop() ?? '');
    return deadLetterQueues.includes(targetOf(resource) ?? '') || (text !== '' && isNamed);
  };
  return [...roleStatements(template), ...resourceStatements(template)]
    .filter(({ effect, actions }) => effect === 'Allow' && actions.some(maySend))
    .filter(({ resources }) => resources.some(isDeadLetterQueue))
    .map(({ owner }) => `${owner} may send to a dead-letter queue`);
}

/** The only stranger who may send to a queue of ours is the topic's delivery, and only of our topic. */
export function checkTopicDelivery(template: Template): string[] {
  return resourceStatements(template)
    .filter(({ effect }) => effect === 'Allow')
    .filter(
      ({ principal, condition, actions }) =>
        at(principal, 'Service') !== 'sns.amazonaws.com' ||
        targetOf(at(condition, 'ArnEquals', 'aws:SourceArn')) !== 'RecordsTopic' ||
        actions.join() !== 'sqs:SendMessage',
    )
    .map(({ owner }) => `${owner} lets in more than the records topic`);
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

function hasWildcardResource({ resources }: PolicyStatement): boolean {
  return resources.some((resource) => resource === '*') || resources.length === 0;
}

function hasAnyPrincipal({ principal }: PolicyStatement): boolean {
  return principal === '*' || at(principal, 'AWS') === '*';
}

function maySend(action: string): boolean {
  return ['sqs:SendMessage', 'sqs:*', '*'].includes(action) || /^sqs:Send.*\*/.test(action);
}
