import type { Context } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { startWebhook } from '../../lib/app/start-webhook.ts';
import { captureOutput } from '../support/capture-output.ts';
import { aHookRequest } from '../support/hook-request.ts';

// The one field of it that the log takes.
const context = { awsRequestId: 'request-1' } as Context;

test('a function whose configuration is wrong answers 503 to everything, and its log says what to mend', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'crisp-enrich-test-webhook');
  vi.stubEnv('COALESCE_SECONDS', 'a minute');
  const output = captureOutput();

  const { statusCode, headers, body } = await startWebhook()(aHookRequest(), context);

  vi.unstubAllEnvs();
  expect({ statusCode, headers }).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
  expect(JSON.parse(body ?? '')).toEqual({ error: 'config_unavailable', request_id: 'request-1' });
  expect(output.text()).toContain('COALESCE_SECONDS: expected a whole number from 1 to 300');
  expect(output.text()).toContain('CRISP_SECRETS_PATH');
});
