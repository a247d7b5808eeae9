import { isJsonObject } from '../../core/is-json-object.ts';
import { InfraError } from './infra-error.ts';
import type { InfraTemplate } from './infra-template.ts';

const RATE = /^rate\((?<value>[1-9]\d*) (?<unit>minute|hour|day)s?\)$/;

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** How often a function's schedule runs it, in ms. Throws `InfraError` where it has none, or one that is no rate. */
export function readScheduleMs(template: InfraTemplate, functionName: string): number {
  const schedule = findSchedule(template.functionNamed(functionName).field('events'));
  const { value, unit = '' } = RATE.exec(schedule ?? '')?.groups ?? {};
  const everyMs = Number(value) * (UNIT_MS[unit] ?? Number.NaN);
  if (Number.isFinite(everyMs)) return everyMs;
  throw new InfraError(
    'infra_unsupported',
    `functions.yml: ${functionName} needs a schedule such as rate(1 minute)`,
  );
}

function findSchedule(events: unknown): string | undefined {
  if (!Array.isArray(events)) return undefined;
  for (const event of events) {
    if (isJsonObject(event) && typeof event.schedule === 'string') return event.schedule;
  }
  return undefined;
}
