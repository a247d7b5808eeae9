import { expect, test } from 'vitest';
import { toAcceptedResponse, toRefusedResponse } from '../../lib/adapters/function-url.ts';
import {
  HOOK_REFUSALS,
  type HookRefusalCode,
  HookRefusedError,
} from '../../lib/core/errors/hook-refused-error.ts';
import { VERSION } from '../../lib/core/version.ts';

// The keys of the table are its codes.
const codes = Object.keys(HOOK_REFUSALS) as HookRefusalCode[];

test.each(codes)('the reply of %s is its status, its code and the request id, and nothing else', (code) => {
  const cause = new Error('canary-cause');
  const refusal = new HookRefusedError(code, 'canary-detail: secret #2 of 3', { cause });

  const reply = toRefusedResponse(refusal, 'request-1');

  expect(reply).toEqual({
    statusCode: HOOK_REFUSALS[code],
    headers: {
      'content-type': 'application/json',
      ...(code === 'method_not_allowed' && { allow: 'POST' }),
      ...(reply.statusCode === 503 && { 'retry-after': '5' }),
    },
    body: JSON.stringify({ error: code, request_id: 'request-1' }),
  });
});

test('no reply tells the version, a stack, or which secret it was', () => {
  const replies = [
    ...codes.map((code) => toRefusedResponse(new HookRefusedError(code, 'secret #2'), 'request-1')),
    toAcceptedResponse({ outcome: 'queued', messageId: 'message-1' }),
    toAcceptedResponse({ outcome: 'ignored', code: 'no_session' }),
  ];

  expect(JSON.stringify(replies)).not.toMatch(/\bat .*\.ts|#2|crisp-enrich|access-control/);
  expect(JSON.stringify(replies)).not.toContain(VERSION);
});
