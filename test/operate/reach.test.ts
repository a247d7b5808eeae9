import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, onTestFinished, test } from 'vitest';
import { parseWebsiteId } from '../../lib/ids.ts';
import {
  askHook,
  judgeAlarmReceivers,
  judgeHookAnswer,
  judgeServedWebsites,
  readAlarmReceivers,
} from '../../lib/operate/doctor/reach.ts';

const OPTIONS = '--stage prod --region eu-west-1';

async function answerOf(status: number, body: string) {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;
  return askHook(`http://127.0.0.1:${port}/webhook`);
}

const AWS_FORBIDS =
  '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: ..."}';

test.each([
  ['our 401', 401, '{"error":"signature_missing","request_id":"1"}', 'ok', /401 signature_missing/],
  ['our 401 of website mode', 401, '{"error":"key_missing"}', 'ok', /401 key_missing/],
  ['the 403 of AWS', 403, AWS_FORBIDS, 'fail', /AWS itself refuses .* 403/],
  ['the 429 of Lambda', 429, '{"Reason":"ConcurrentInvocationLimitExceeded"}', 'fail', /no concurrency left/],
  ['no hook secret', 503, '{"error":"config_unavailable"}', 'fail', /503 config_unavailable/],
  ['a function that dies', 502, 'Internal Server Error', 'fail', /answers 502, and not as the webhook/],
  ['an unsigned hook that is taken', 202, '{"status":"queued"}', 'fail', /answers 202/],
  ['another code of ours', 404, '{"error":"path_unknown"}', 'fail', /404 path_unknown, not with 401/],
])('a hook URL with %s', async (_case, status, body, state, message) => {
  const finding = judgeHookAnswer(await answerOf(status, body), OPTIONS);
  expect(finding).toMatchObject({ check: 'hook URL', state, message: expect.stringMatching(message) });
});

test('a hook URL that does not answer is a finding', async () => {
  expect(judgeHookAnswer(await askHook('http://127.0.0.1:1/webhook'), OPTIONS).state).toBe('fail');
});

test.each([
  [['arn:aws:sns:eu-west-1:1:alarms:a', 'PendingConfirmation'], 'ok', '1 receive them'],
  [['PendingConfirmation'], 'warn', 'nobody has confirmed yet to receive them'],
  [['Deleted'], 'warn', 'nobody receives them'],
  [[], 'warn', 'nobody receives them'],
])('alarms with the subscriptions %j', async (arns, state, message) => {
  const sns = new SNSClient({ region: 'eu-west-1' });
  const Subscriptions = arns.map((SubscriptionArn) => ({ SubscriptionArn }));
  mockClient(sns).on(ListSubscriptionsByTopicCommand).resolves({ Subscriptions });

  const finding = judgeAlarmReceivers(await readAlarmReceivers(sns, 'arn:topic'), 'prod');

  expect(finding).toMatchObject({ check: 'alarms', state, message });
});

test('a plugin that serves every website is warned of', () => {
  const id = parseWebsiteId('11111111-1111-4111-8111-111111111111');
  const judge = (tier: 'plugin' | 'website', websiteIds: (typeof id)[]) =>
    judgeServedWebsites({ crispTier: tier, websiteIds: websiteIds.filter((it) => it !== undefined) }, 'prod')
      .state;

  expect([judge('plugin', []), judge('plugin', [id]), judge('website', [])]).toEqual(['warn', 'ok', 'ok']);
});
