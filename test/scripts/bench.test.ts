import { describe, expect, test } from 'vitest';
import { createRandom } from '../../lib/local/simulator/random.ts';
import { toChart, toDocument } from '../../scripts/bench/document.ts';
import { interleave, median, noiseOf } from '../../scripts/bench/measure.ts';
import { formatSuite, type Goal, hasFailed, judge } from '../../scripts/bench/report.ts';
import { drawTrace } from '../../scripts/bench/trace.ts';

const aGoal = (figure: number): Goal => ({ id: 'P9', what: 'webhook cold', figure, bound: 0.65 });
const aResult = (figure: number, noise: number) => ({
  suite: 'cold',
  goals: [aGoal(figure)],
  rows: [],
  noise,
});

describe('the verdict', () => {
  test.each([
    [0.65, 0, 'ok'],
    [0.651, 0.15, 'MISSED'],
    [0.651, 0.16, 'missed (noisy)'],
  ])('of %f where the anchor differs from itself by %f is %s', (figure, noise, verdict) => {
    expect(judge(aGoal(figure), { noise })).toBe(verdict);
    expect(formatSuite(aResult(figure, noise))).toContain(verdict);
  });

  test('the command fails for a goal that is missed, and not for one that the machine was too busy for', () => {
    expect(hasFailed([aResult(0.6, 0), aResult(0.7, 0)])).toBe(true);
    expect(hasFailed([aResult(0.6, 0), aResult(0.7, 0.2)])).toBe(false);
  });

  test.each([
    [0.6, false],
    [0.7, true],
  ])('with %f the reason of a missed goal is told: %s', (figure, isTold) => {
    const result = { ...aResult(figure, 0), goals: [{ ...aGoal(figure), missedBecause: 'the SDK' }] };
    const document = toDocument([result], { date: '2026-11-29', machine: '2 cores' });

    expect(formatSuite(result).includes('the SDK')).toBe(isTold);
    expect(document.includes('MISSED: the SDK')).toBe(isTold);
  });

  test('a figure that is none is missed', () => {
    expect(judge(aGoal(Number.NaN), { noise: 0 })).toBe('MISSED');
  });
});

test('subjects are measured in turns, and compared by their median', async () => {
  const order: string[] = [];
  const subject = (name: string, figures: number[]) => async () => {
    order.push(name);
    return figures.shift() ?? 0;
  };

  const figures = await interleave({ a: subject('a', [1, 9, 2]), b: subject('b', [3, 4, 2]) }, 3);

  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  expect([median(figures.a), median(figures.b)]).toEqual([2, 3]);
  expect(noiseOf([1, 2], [1])).toBeCloseTo(0.5);
});

test('the document has a line for each goal, and the chart a bar for each count of calls', () => {
  const document = toDocument([aResult(0.6, 0)], { date: '2026-11-29', machine: '2 cores' });
  const chart = toChart([
    { subject: 'crisp-enrich', what: 'no history', value: 8, unit: 'calls' },
    { subject: 'crisp-enrich', what: 'delay', value: 55, unit: 's' },
  ]);

  expect(document).toContain('- P9 webhook cold: 0.600 (0.650) ok');
  expect(chart.match(/<rect x=/g)).toHaveLength(1);
  expect(chart).toContain('crisp-enrich, no history');
});

test('a chat has 20 messages and 10 changes of state in at most 13 minutes, and ends with its resolve', () => {
  const trace = drawTrace(createRandom(7), { chats: 5, spreadMs: 60_000 });

  const chats = [...Map.groupBy(trace, ({ chat }) => chat).values()];
  expect(chats).toHaveLength(5);
  for (const events of chats) {
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'message')).toHaveLength(20);
    expect(kinds).toHaveLength(30);
    expect(kinds.indexOf('resolve')).toBe(29);
    expect((events[29]?.atMs ?? 0) - (events[0]?.atMs ?? 0)).toBeLessThan(13 * 60_000);
  }
  expect(drawTrace(createRandom(7), { chats: 5, spreadMs: 60_000 })).toEqual(trace);
});
