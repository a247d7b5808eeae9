import { describe, expect, test } from 'vitest';
import { aConversation } from '../stories/a-record.ts';
import { aStory, START_MS, TERMS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, type Steps } from '../stories/steps.ts';

const [secret = ''] = TERMS.secrets;
const [canary = ''] = TERMS.canaries;
const line = (text: string): Steps => [
  ...aStory(),
  ['line', { type: 'line-written', atMs: START_MS, by: 'consumer', text }],
];
const note = (text: string): Steps => [...aStory(), ['note', { type: 'note-written', atMs: START_MS, text }]];

describe('a secret or a text leaked', () => {
  test.each<[string, Steps]>([
    ['in a line', line(`token ${secret}`)],
    ['in a line, in capitals', line(secret.toUpperCase())],
    ['in a line, as a URL has it', line(`?email=${encodeURIComponent(canary)}`)],
    ['in a line, within base64', line(Buffer.from(`user:${secret}`).toString('base64'))],
    ['in a line, within base64 that begins elsewhere', line(Buffer.from(`x${secret}y`).toString('base64'))],
    ['in a note', note(`{"reason":"${canary}"}`)],
    ['in a queue message', changed(aStory(), 'sent', { body: `{"email":"${canary}"}` })],
    ['in the answer to a delivery', changed(aStory(), 'answered', { body: canary })],
    ['in a record, where it is a secret', changed(aStory(), 'notice', { body: `{"key":"${secret}"}` })],
    ['in an archived object, where it is a secret', changed(aStory(), 'put', { body: secret })],
  ])('%s', (_case, steps) => {
    expect(check('I7', steps)).not.toEqual([]);
  });
});

describe('nothing leaked', () => {
  test.each<[string, Steps]>([
    ['where a record holds the text of a conversation', changed(aStory(), 'notice', { body: canary })],
    [
      "where Crisp's own answer holds it",
      changed(aStory(), 'conversation', { body: aConversation() + canary }),
    ],
    ['where a line holds a part of it', line(canary.slice(0, 5))],
    ['where a stranger put it into the queue', changed(aStory(), 'sent', { by: 'stranger', body: canary })],
  ])('%s', (_case, steps) => {
    expect(check('I7', steps)).toEqual([]);
  });
});
