import { expect, test } from 'vitest';
import { judge } from './judge.ts';
import { aStory, START_MS, TERMS } from './stories/a-story.ts';
import { toHistory, without } from './stories/steps.ts';

test('a run in which every promise is kept has no violations', () => {
  const { violations } = judge(toHistory(aStory()), TERMS);

  expect(violations).toEqual([]);
});

test('a run that did nothing broke no promise, and amounts to nothing', () => {
  const { violations, figures } = judge([], TERMS);

  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ accepted: 0, records: 0, removals: 0, deadLetters: 0 });
});

test('the figures count what was accepted, announced and asked of Crisp', () => {
  const two = [...aStory(), ...aStory({ suffix: '-2', startMs: START_MS + 600_000, fingerprints: [1, 2] })];

  const { figures } = judge(toHistory(two), TERMS);

  expect(figures).toEqual({
    accepted: 2,
    records: 2,
    removals: 0,
    deadLetters: 0,
    superseded: 0,
    mostReceives: 1,
    crispRequests: 4,
  });
});

test('violations are told in the order of time', () => {
  const lost = without(aStory(), 'sent', 'notice');

  const times = judge(toHistory(lost), TERMS).violations.map(({ atMs }) => atMs);

  expect(times.length).toBeGreaterThan(2);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});
