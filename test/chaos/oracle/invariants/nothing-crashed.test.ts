import { describe, expect, test } from 'vitest';
import { aStory, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, type Steps, without } from '../stories/steps.ts';

const line = (text: string) => ({ type: 'line-written', atMs: START_MS, by: 'consumer', text }) as const;
const killed = (instance: string) =>
  ({ type: 'instance-killed', atMs: START_MS + 80_000, instance, why: 'memory' }) as const;
const DEFECT = line('{"name":"job-failed","code":"unexpected:TypeError"}');

describe('something crashed', () => {
  test.each<[string, Steps]>([
    ['where a delivery has no answer', without(aStory(), 'answered')],
    ['where it was refused without a code', changed(aStory(), 'answered', { status: 500, body: 'Oops' })],
    [
      'where the code is that of a defect',
      changed(aStory(), 'answered', { status: 500, body: '{"error":"unexpected"}' }),
    ],
    ['where it was accepted without a disposition', changed(aStory(), 'answered', { body: '{}' })],
    [
      'where it was ignored without a code',
      changed(aStory(), 'answered', { status: 200, body: '{"status":"ignored"}' }),
    ],
    ['where the consumer threw', changed(aStory(), 'batch', { failedIds: undefined })],
    [
      'where another instance was killed',
      [...changed(aStory(), 'batch', { failedIds: undefined }), ['killed', killed('consumer-2')]],
    ],
    ['where a foreign id was returned', changed(aStory(), 'batch', { failedIds: [''] })],
    ['where a defect was logged', [...aStory(), ['line', DEFECT]]],
    ['where a rejection went unhandled', [...aStory(), ['line', line('Unhandled rejection: x')]]],
  ])('%s', (_case, steps) => {
    expect(check('I10', steps)).not.toEqual([]);
  });
});

describe('nothing crashed', () => {
  test.each<[string, Steps]>([
    [
      'where the function was killed before its answer',
      [...without(aStory(), 'answered'), ['killed', killed('webhook-1')]],
    ],
    [
      'where it was refused with a code',
      changed(aStory(), 'answered', { status: 401, body: '{"error":"key_missing"}' }),
    ],
    [
      'where the consumer was killed',
      [...changed(aStory(), 'batch', { failedIds: undefined }), ['killed', killed('consumer-1')]],
    ],
    [
      'where it was ignored with a code',
      changed(aStory(), 'answered', { status: 200, body: '{"status":"ignored","code":"no_session"}' }),
    ],
    ['where a message was returned', changed(aStory(), 'batch', { failedIds: ['message'] })],
    [
      'where a defect was planted',
      [
        ...aStory(),
        ['fault', { type: 'fault-injected', atMs: START_MS, fault: 'F22', place: 'consumer' }],
        ['line', DEFECT],
      ],
    ],
    [
      'where the unexpected is only spoken of',
      [...aStory(), ['line', line('{"code":"unexpected_redirect"}')]],
    ],
  ])('%s', (_case, steps) => {
    expect(check('I10', steps)).toEqual([]);
  });
});
