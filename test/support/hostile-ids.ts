import { WEBSITE_ID } from './builders.ts';

/** Texts that would leave their place in a path, a header or a line, were they put there as they are. */
export const HOSTILE_SEGMENTS: readonly string[] = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2e%2e%2f',
  '..\\..',
  '../../../plugin/connect/account',
  'a/b',
  'a?x=1',
  'a#f',
  '@evil.example',
  '//evil.example',
  'a\n',
  '\na',
  'a\r\nx: y',
  'a\t',
  'a\0',
  '\u202ea',
  'a\u2028',
  '😀',
  'é',
  'a'.repeat(10_000),
];

/** Texts that are no session ids: hostile ones, bare and behind the prefix that every session id has. */
export const HOSTILE_SESSION_IDS: readonly string[] = [
  ...HOSTILE_SEGMENTS,
  ...HOSTILE_SEGMENTS.map((segment) => `session_${segment}`),
  '\nsession_a',
  'Session_a',
  `session_${'a'.repeat(65)}`,
];

/** Texts that are no website ids. */
export const HOSTILE_WEBSITE_IDS: readonly string[] = [
  ...HOSTILE_SEGMENTS,
  `${WEBSITE_ID}/..`,
  `${WEBSITE_ID}\n`,
  `{${WEBSITE_ID}}`,
  WEBSITE_ID.replaceAll('-', ''),
];

/** What JSON can hold in the place of an id's text; null is left out, it stands for no id at all. */
export const HOSTILE_VALUES: readonly unknown[] = [
  42,
  true,
  {},
  [],
  ['session_a'],
  { toString: 'session_a' },
  { toString: 1, valueOf: 1 },
];
