import { aHookPayload, HOOK_SECRET } from '../support/hook-request.ts';
import type { HookRow } from './hook-row.ts';

const key = HOOK_SECRET;
const unsigned = { headers: { 'x-crisp-signature': undefined, 'x-crisp-request-timestamp': undefined } };
const WEBSITE_MODE = { CRISP_HOOK_MODE: 'website' };

const keyed: readonly (readonly [title: string, code: string, query: string])[] = [
  ['no key', 'key_missing', ''],
  ['an empty key', 'key_missing', 'key='],
  ['a key of another name', 'key_missing', `secret=${key}`],
  ['a key whose name is in capitals', 'key_missing', `KEY=${key}`],
  ['a wrong key', 'key_mismatch', `key=${key}x`],
  ['the beginning of the key', 'key_mismatch', `key=${key.slice(0, -1)}`],
  ['the key in capitals', 'key_mismatch', `key=${key.toUpperCase()}`],
  ['a key that is no percent-encoding', 'key_mismatch', 'key=%ff%'],
  ['the key twice', 'key_ambiguous', `key=${key}&key=${key}`],
  ['the key and an empty one', 'key_ambiguous', `key=${key}&key=`],
];

/** Deliveries that lack the credential which the endpoint's mode asks for. */
export const KEYED_HOOKS: readonly HookRow[] = [
  ...keyed.map(
    ([title, code, query]): HookRow => ['W21', title, 401, code, { ...unsigned, query }, WEBSITE_MODE],
  ),
  [
    'W21',
    'the key in the body',
    401,
    'key_missing',
    { ...unsigned, payload: aHookPayload({ key }, { key }) },
    WEBSITE_MODE,
  ],
  ['W22', 'a signed plugin hook in website mode', 401, 'hook_mode_mismatch', {}, WEBSITE_MODE],
  [
    'W22',
    'a keyed website hook in plugin mode',
    401,
    'hook_mode_mismatch',
    { ...unsigned, query: `key=${key}` },
  ],
];
