import { at, type NamedResource, resourcesOf, type Template, targetOf } from '../template/template.ts';

const mappingsOf = (template: Template) => resourcesOf(template, 'AWS::Lambda::EventSourceMapping');

/** Six times, as AWS asks: a batch may be retried while a function is throttled, and must not be seen twice by then. */
export function checkVisibility(template: Template): string[] {
  return mappingsOf(template)
    .map((mapping) => ({
      queue: targetOf(mapping.properties.EventSourceArn) ?? '',
      function: targetOf(mapping.properties.FunctionName) ?? '',
    }))
    .filter(({ queue, function: target }) => {
      const visibility = Number(at(template.Resources, queue, 'Properties', 'VisibilityTimeout'));
      const timeout = Number(at(template.Resources, target, 'Properties', 'Timeout'));
      return !(visibility >= 6 * timeout);
    })
    .map(({ queue, function: target }) => `${queue} shows messages again while ${target} may still work`);
}

/** What the consumer relies on in its mapping, and what would lose messages. */
export function checkMappings(template: Template): string[] {
  const mappings = mappingsOf(template);
  return [...(mappings.length > 0 ? [] : ['there is no mapping']), ...mappings.flatMap(checkMapping)];
}

function checkMapping({ id, properties }: NamedResource): string[] {
  const maximum = Number(at(properties, 'ScalingConfig', 'MaximumConcurrency'));
  const batchSize = Number(properties.BatchSize);
  return [
    ...(properties.FilterCriteria === undefined ? [] : [`${id} deletes what its filter does not match`]),
    ...(at(properties, 'FunctionResponseTypes', 0) === 'ReportBatchItemFailures'
      ? []
      : [`${id} does not hear which messages failed`]),
    ...(maximum >= 2 && maximum <= 1000 ? [] : [`${id} has no limit of instances`]),
    ...(batchSize >= 1 && batchSize <= 10 ? [] : [`${id} has a batch size that FIFO queues do not allow`]),
    ...(properties.MaximumBatchingWindowInSeconds === undefined
      ? []
      : [`${id} has a window, which FIFO queues do not allow`]),
  ];
}
