import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, describe, test } from 'vitest';
import { ALL_BEHAVIOURS } from './all-behaviours.ts';
import type { ConformanceTarget } from './behaviour.ts';

// The same behaviours on a real account: a command of its own, because it needs credentials, costs a few cents and takes
// minutes. docs/local-aws.md says how. What it makes is named crisp-enrich-conformance-… and deleted at the end.

// Only "after five minutes a twin is a new message" takes longer than a minute or so.
const LONGEST_PASS_SECONDS = Number(process.env.CONFORMANCE_LONGEST_PASS_SECONDS ?? 90);

const run = randomUUID().slice(0, 8);
const undoing: (() => Promise<unknown>)[] = [];
let names = 0;

const target: ConformanceTarget = {
  sqs: new SQSClient(),
  sns: new SNSClient(),
  s3: new S3Client(),
  dynamodb: new DynamoDBClient(),
  destroy() {},
  pass: (seconds) => sleep(seconds * 1000),
  patienceSeconds: 5,
  longestPassSeconds: LONGEST_PASS_SECONDS,
  name(base) {
    names += 1;
    return `crisp-enrich-conformance-${run}-${base}-${names}`;
  },
  onEnd: (undo) => void undoing.push(undo),
};

afterAll(async () => {
  for (const undo of undoing.reverse()) {
    await undo().catch((error: unknown) => console.error('Could not delete a resource of the run:', error));
  }
}, 120_000);

describe.each(Object.entries(ALL_BEHAVIOURS))('real %s', (_service, behaviours) => {
  const affordable = Object.entries(behaviours).filter(
    ([, { passesSeconds = 0 }]) => passesSeconds <= LONGEST_PASS_SECONDS,
  );
  test.each(affordable)('%s', (_title, check) => check(target), 600_000);
});
