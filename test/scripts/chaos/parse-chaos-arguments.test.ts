import { expect, test } from 'vitest';
import { parseChaosArguments } from '../../../scripts/chaos/parse-chaos-arguments.ts';

test('without arguments a thousand runs of series 1 are made', () => {
  expect(parseChaosArguments([])).toEqual({ runs: 1000, seed: 1, from: 0, trace: false, faults: undefined });
});

test('everything can be chosen', () => {
  const words = ['--runs', '5', '--seed', '42', '--from', '7', '--faults', 'F31,F46', '--trace'];

  expect(parseChaosArguments(words)).toEqual({
    runs: 5,
    seed: 42,
    from: 7,
    trace: true,
    faults: ['F31', 'F46'],
  });
});

test.each([
  ['--runs', '-1'],
  ['--runs', '1.5'],
  ['--seed', 'abc'],
  ['--from', '4294967296'],
  ['--fast'],
  ['word'],
])('%s %s is refused with how it is used', (...words) => {
  expect(() => parseChaosArguments(words.filter((word) => word !== undefined))).toThrow(/npm run chaos/);
});

test.each(['F0', 'F73', 'F11', '31', ''])('there is no fault %s to inject', (fault) => {
  expect(() => parseChaosArguments(['--faults', fault])).toThrow(/fault/);
});
