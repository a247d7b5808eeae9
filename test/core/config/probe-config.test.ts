import { expect, test } from 'vitest';
import { parseProbeConfig } from '../../../lib/core/config/parse-probe-config.ts';
import { problemsOf, RESOURCES, TOKEN } from '../../support/a-configuration.ts';

const { SESSIONS_QUEUE_ARN, CONSUMER_FUNCTION_NAME, LEDGER_TABLE } = RESOURCES;
const OWN = { SESSIONS_QUEUE_ARN, CONSUMER_FUNCTION_NAME, LEDGER_TABLE };

test('the probe needs a token, the two ends of the tap, and the ledger', () => {
  expect(parseProbeConfig({ ...TOKEN, ...OWN })).toMatchObject({
    sessionsQueueArn: SESSIONS_QUEUE_ARN,
    consumerFunctionName: CONSUMER_FUNCTION_NAME,
    ledgerTable: LEDGER_TABLE,
    crispTier: 'plugin',
    websiteIds: [],
  });
  expect(problemsOf(() => parseProbeConfig({}))).toEqual([
    'SESSIONS_QUEUE_ARN config_missing',
    'CONSUMER_FUNCTION_NAME config_missing',
    'LEDGER_TABLE config_missing',
    'CRISP_TOKEN_IDENTIFIER config_missing',
    'CRISP_TOKEN_KEY config_missing',
  ]);
});

test.each([
  ['SESSIONS_QUEUE_ARN', 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-local-records'],
  ['CONSUMER_FUNCTION_NAME', 'arn:aws:lambda:us-east-1:000000000000:function:consumer'],
])('%s is no %s', (variable, text) => {
  expect(problemsOf(() => parseProbeConfig({ ...TOKEN, ...OWN, [variable]: text }))).toEqual([
    `${variable} config_invalid`,
  ]);
});
