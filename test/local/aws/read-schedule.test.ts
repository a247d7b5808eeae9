import { expect, test } from 'vitest';
import type { InfraTemplate } from '../../../lib/local/aws/infra.ts';
import { readScheduleMs } from '../../../lib/local/aws/infra.ts';

function aTemplate(events: unknown): InfraTemplate {
  return { resources: () => [], functionNamed: (name) => ({ name, field: () => events }) };
}

test.each([
  ['rate(1 minute)', 60_000],
  ['rate(5 minutes)', 300_000],
  ['rate(2 hours)', 7_200_000],
  ['rate(1 day)', 86_400_000],
])('%s is %i ms', (schedule, everyMs) => {
  expect(readScheduleMs(aTemplate([{ sqs: {} }, { schedule }]), 'probe')).toBe(everyMs);
});

test.each([
  ['no event', undefined],
  ['no schedule', [{ sqs: {} }]],
  ['a schedule by the clock', [{ schedule: 'cron(0 12 * * ? *)' }]],
  ['a rate of nothing', [{ schedule: 'rate(0 minutes)' }]],
])('%s is told with the function’s name', (_title, events) => {
  expect(() => readScheduleMs(aTemplate(events), 'probe')).toThrow(/probe needs a schedule/);
});
