import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ABSENT_FAULTS } from './faults/absent-faults.ts';
import { CATALOGUE, FAULTS } from './faults/catalogue.ts';
import type { HistoryEvent } from './oracle/history.ts';
import { runChaos } from './run-chaos.ts';

const ROOT = join(import.meta.dirname, '../..');

test('every fault from F1 to F80 can be injected, or stands in the list of those that cannot', () => {
  const numbers = CATALOGUE.map(({ id }) => id);

  expect(numbers).toEqual(Array.from({ length: 80 }, (_, place) => `F${place + 1}`));
});

test.each(ABSENT_FAULTS)('$id is covered by a test that exists', ({ coveredBy }) => {
  expect(existsSync(join(ROOT, coveredBy))).toBe(true);
});

// Not every run has a message to disturb while the fault lasts.
const SEEDS = 30;

test.each(FAULTS)('$id strikes where it is injected: $title', async ({ id }) => {
  let hasStruck = false;
  for (let seed = 1; seed <= SEEDS && !hasStruck; seed += 1) {
    const { history } = await runChaos(seed, { faults: [id] });
    hasStruck = history.some((event) => isTraceOf(id, event));
  }

  expect(hasStruck).toBe(true);
});

/** Faults of instances and of operators have no name in the history: a death, or a redrive, is what they leave. */
function isTraceOf(id: string, event: HistoryEvent): boolean {
  switch (event.type) {
    case 'fault-injected':
    case 'crisp-answered':
      return event.fault === id;
    case 'instance-killed':
      return DEADLY.has(id);
    case 'operated':
      return OPERATED.has(id) && event.action.startsWith('dlq');
    default:
      return false;
  }
}

const DEADLY = new Set(['F8', 'F19', 'F20', 'F64']);
const OPERATED = new Set(['F50', 'F51', 'F52', 'F53', 'F60']);
