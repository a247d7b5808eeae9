import { describe, expect, test } from 'vitest';
import { aStory } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, moved, type Steps, without } from '../stories/steps.ts';

describe('a delivery was acknowledged too early', () => {
  test.each<[string, Steps]>([
    ['where the queue took its message after the answer', moved(aStory(), 'sent', { after: 'answered' })],
    ['where the queue never took a message', without(aStory(), 'sent')],
    [
      'where the answer names another message',
      changed(aStory(), 'answered', { body: '{"status":"queued","message_id":"other"}' }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I4', steps)).not.toEqual([]);
  });
});

describe('a delivery was not acknowledged too early', () => {
  const refused = { status: 503, body: '{"error":"queue_unavailable"}' };

  test.each<[string, Steps]>([
    [
      'where its send was repeated, and the repetition arrived behind the answer',
      inserted(
        aStory(),
        aStory().filter(([name]) => name === 'sent'),
        { after: 'answered' },
      ),
    ],
    ['where the queue took its message in the same ms', changed(aStory(), 'answered', { atMs: 0 })],
    [
      'where it was refused and the queue took it all the same',
      changed(moved(aStory(), 'sent', { after: 'answered' }), 'answered', refused),
    ],
    [
      'where it was ignored',
      changed(without(aStory(), 'sent'), 'answered', {
        status: 200,
        body: '{"status":"ignored","code":"no_session"}',
      }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I4', steps)).toEqual([]);
  });
});
