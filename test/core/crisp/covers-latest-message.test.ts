import { expect, test } from 'vitest';
import { coversLatestMessage } from '../../../lib/core/crisp/covers-latest-message.ts';

const messages = [null, { fingerprint: 1 }, { fingerprint: 2 }];

test.each([
  ['the preview is among the messages', { preview_message: { fingerprint: 2 } }, true],
  ['the preview is named as text', { preview_message: { fingerprint: '2' } }, true],
  ['the preview is not among them', { preview_message: { fingerprint: 3 } }, false],
  ['there is no preview', {}, null],
  ['the preview has no fingerprint', { preview_message: { excerpt: 'Thanks!' } }, null],
  ['the preview is no object', { preview_message: 'Thanks!' }, null],
])('where %s: %o is covered: %s', (_, conversation, isCovered) => {
  expect(coversLatestMessage(conversation, messages)).toBe(isCovered);
});
