import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createAwsClients } from '../../lib/aws/clients.ts';
import { toInfraSettings } from '../../lib/config/infra-settings.ts';
import { startAws } from '../../lib/local/aws/embedded-aws.ts';
import { createOperatorClients, type OperatedStage } from '../../lib/operate/stage.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-test-sessions.fifo';

/** An S3 that answers every call with nothing, and tells of which owner each expected its bucket. */
async function startS3() {
  const owners: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      owners.push(request.headers['x-amz-expected-bucket-owner'] as string | undefined);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, owners };
}

async function callAll(s3: S3Client): Promise<void> {
  const object = { Bucket: 'archive', Key: 'latest/a.json' };
  await s3.send(new GetObjectCommand(object)).then(({ Body }) => Body?.transformToString());
  await s3.send(new PutObjectCommand({ ...object, Body: '{}' }));
  await s3.send(new DeleteObjectCommand(object));
  await s3.send(new ListObjectsV2Command({ Bucket: 'archive' })).catch(() => undefined); // An empty answer is no list.
}

function aStage(endpoints: OperatedStage['endpoints'], sessions = QUEUE_URL) {
  const queues = { sessions } as OperatedStage['queues']; // The one that is read.
  return { region: 'eu-west-1', endpoints, queues };
}

test("every call of a function expects the archive in the account of the stage's queue", async () => {
  const { url, owners } = await startS3();
  vi.stubEnv('AWS_ENDPOINT_URL_S3', url);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  onTestFinished(() => void vi.unstubAllEnvs());

  await callAll(createAwsClients(QUEUE_URL).s3);

  expect(owners).toEqual(Array(4).fill('123456789012'));
});

test.each([
  ['one emulator', (url: string) => ({ sqs: url, sns: url, s3: url, dynamodb: url }), '123456789012'],
  [
    'two emulators',
    (url: string) => ({ sqs: 'http://127.0.0.1:1', sns: url, s3: url, dynamodb: url }),
    undefined,
  ],
])("a command's calls to %s expect the owner %#", async (_, toEndpoints, owner) => {
  const { url, owners } = await startS3();
  const clients = createOperatorClients(aStage(toEndpoints(url)));
  onTestFinished(clients.destroy);

  await callAll(await clients.s3());

  expect(owners).toEqual(Array(4).fill(owner));
});

test('local mode expects the account of its own emulator, which takes it', async () => {
  const settings = toInfraSettings({}, { isLocal: true, archiveBucketSuffix: '' });
  const port = { port: 0, isDefault: false };
  const aws = await startAws({ givenEndpoints: {}, port, settings, clock: createVirtualClock() });
  onTestFinished(aws.stop);
  const inputs: unknown[] = [];
  aws.clients.s3.middlewareStack.add(
    (next) => (args) => {
      inputs.push(args.input);
      return next(args);
    },
    { step: 'build' },
  );

  const object = { Bucket: aws.resources.bucket, Key: 'latest/a.json' };
  await aws.clients.s3.send(new PutObjectCommand({ ...object, Body: '{}' }));
  await aws.clients.s3.send(new GetObjectCommand(object)).then(({ Body }) => Body?.transformToString());

  expect(inputs).toMatchObject(Array(2).fill({ ExpectedBucketOwner: '000000000000' }));
});
