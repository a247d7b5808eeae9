import { Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { KEYED_HOOKS } from '../bad-inputs/keyed-hooks.ts';
import { UNVERIFIED_HOOKS } from '../bad-inputs/unverified-hooks.ts';
import { VERIFIED_HOOKS } from '../bad-inputs/verified-hooks.ts';
import { createWebhookUnderTest } from '../support/webhook-under-test.ts';

const rows = [...UNVERIFIED_HOOKS, ...KEYED_HOOKS, ...VERIFIED_HOOKS];
const refused = rows.filter(([, , status]) => status !== 200);
const ignored = rows.filter(([, , status]) => status === 200);

for (const [row, title, status, code, request, environment] of refused) {
  test(`${row} ${title} is refused with ${status} ${code}, and nothing is called`, async () => {
    const webhook = createWebhookUnderTest(environment);
    const connect = vi.spyOn(Socket.prototype, 'connect');

    const answer = await webhook.deliver(request);

    expect(answer).toMatchObject({ status, reply: { error: code, request_id: 'request-1' } });
    expect(Object.keys(answer.reply)).toEqual(['error', 'request_id']);
    expect(webhook.telemetry.named('hook-refused')).toMatchObject([{ code, status }]);
    expect([webhook.sqsCalls(), connect.mock.calls.length]).toEqual([0, 0]);
  });
}

for (const [row, title, status, code, request, environment] of ignored) {
  test(`${row} ${title} is answered with ${status} ignored ${code}, and nothing is called`, async () => {
    const webhook = createWebhookUnderTest(environment);
    const connect = vi.spyOn(Socket.prototype, 'connect');

    const answer = await webhook.deliver(request);

    expect(answer).toMatchObject({ status, reply: { status: 'ignored', code } });
    expect(webhook.telemetry.named('hook-ignored')).toMatchObject([{ code }]);
    expect([webhook.sqsCalls(), connect.mock.calls.length]).toEqual([0, 0]);
  });
}

test('W1 whatever the method, the answer names POST and admits no other origin', async () => {
  for (const method of ['GET', 'OPTIONS', 'DELETE']) {
    const origin = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };

    const { headers } = await createWebhookUnderTest().deliver({ method, headers: origin });

    expect(headers).toMatchObject({ allow: 'POST' });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

const detailed = [
  ...UNVERIFIED_HOOKS.filter(([row]) => ['W17'].includes(row)),
  ...VERIFIED_HOOKS.filter(([row]) => ['W20', 'W5', 'W39'].includes(row)),
  ...KEYED_HOOKS.filter(([row]) => row === 'W22'),
];
const DETAILS: Readonly<Record<string, RegExp>> = {
  W5: /^at byte \d+$/,
  W17: /tried #1\)/,
  W20: /^(86401|301) s (old|ahead), \d+ s are allowed$/,
  W22: /endpoint in (website|plugin) mode: see CRISP_HOOK_MODE$/,
  W39: /^byte order mark at byte 0$/,
};

for (const [row, title, , , request, environment] of detailed) {
  test(`${row} of ${title} the log says what to look at`, async () => {
    const webhook = createWebhookUnderTest(environment);

    await webhook.deliver(request);

    const [refusal] = webhook.telemetry.named('hook-refused');
    expect(refusal?.detail).toMatch(DETAILS[row] ?? /^$/);
  });
}

test('W31 the log shows of an id from outside its shape alone', async () => {
  for (const [row, , , , request] of VERIFIED_HOOKS.filter(([row]) => row === 'W31')) {
    const webhook = createWebhookUnderTest();

    await webhook.deliver(request);

    const { detail } = webhook.telemetry.named('hook-refused')[0] ?? {};
    expect(detail, row).toMatch(/^like "[ -~]{0,200}"$/);
  }
});
