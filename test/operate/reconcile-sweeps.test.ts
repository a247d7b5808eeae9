import { Readable } from 'node:stream';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { parseReconcileConfig } from '../../lib/config/parse.ts';
import { createEnvironmentSecrets } from '../../lib/config/secret-reader.ts';
import type { CrispPool } from '../../lib/crisp/http.ts';
import { createReconcileHandler } from '../../lib/operate/reconcile-sweeps.ts';
import { createFakeAwsTarget } from '../chaos/world/support.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { createRecordingTelemetry } from '../support/memory.ts';
import { untilSettled } from '../support/virtual-clock.ts';

interface Answer {
  readonly status?: number;
  readonly body?: object;
}

const EMPTY = { body: { error: false, reason: 'listed', data: [] } };
const REFUSED = { status: 423, body: { error: true, reason: 'quota_limit_exceeded', data: {} } };

// The fields of it that are read.
const LAMBDA = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 840_000 } as Context;

/** The reconcile function over fakes of AWS; `answer` is Crisp. */
async function createSweepScene(websiteIds: string, answer: (path: string) => Answer) {
  const { clock, sqs, s3, dynamodb } = createFakeAwsTarget();
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'sessions.fifo', Attributes: { FifoQueue: 'true' } }),
  );
  const config = parseReconcileConfig({
    ...{ CRISP_WEBSITE_IDS: websiteIds, CRISP_TOKEN_IDENTIFIER: '8c842203-7ed8-4e29-a608-7cf78a7d2fcc' },
    ...{ CRISP_TOKEN_KEY: '0123456789abcdef'.repeat(4), SESSIONS_QUEUE_URL: QueueUrl },
    ...{ ARCHIVE_BUCKET: 'archive', LEDGER_TABLE: 'ledger' },
  });
  const asked: string[] = [];
  const request = async ({ path }: { path: string }) => {
    asked.push(path.split('?')[0] ?? '');
    const { status: statusCode = 200, body } = answer(path);
    const headers = { 'content-type': 'application/json' };
    return { statusCode, headers, body: Readable.from([Buffer.from(JSON.stringify(body))]) };
  };
  const crispToken = { identifier: 'identifier', key: 'key' };
  const telemetry = createRecordingTelemetry();
  const handle = createReconcileHandler(config, {
    secrets: createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken }),
    clients: { sqs, s3, dynamodb },
    // The part of it that is used.
    pool: { request, destroy: async () => undefined } as unknown as CrispPool,
    clock,
    telemetry,
  });
  return {
    ...{ clock, telemetry, asked },
    sweep: () => untilSettled(clock, handle({}, LAMBDA)),
  };
}

test('a website for which Crisp always names a limit keeps no other from its sweeps', async () => {
  const scene = await createSweepScene(`${WEBSITE_ID},${OTHER_WEBSITE_ID}`, (path) =>
    path.includes(WEBSITE_ID) ? REFUSED : EMPTY,
  );
  for (let hours = 0; hours < 3; hours += 1) {
    await scene.sweep();
    await scene.clock.advance(3_600_000 + hours);
  }
  expect(new Set(scene.asked)).toContain(`/v1/website/${OTHER_WEBSITE_ID}/conversations/1`);
});

test('a limit that Crisp names already for the list of websites is no failure of the sweep', async () => {
  const scene = await createSweepScene('', () => REFUSED);
  await expect(scene.sweep()).resolves.toBeUndefined();
  expect(scene.asked).toEqual(['/v1/plugin/connect/websites/all/1']);
});
