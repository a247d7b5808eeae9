import { CreateQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, test } from 'vitest';
import { createDynamoBreakerNotes } from '../../../lib/adapters/ledger/dynamo-breaker-notes.ts';
import { createDynamoFailureNotes } from '../../../lib/adapters/ledger/dynamo-failure-notes.ts';
import { createDynamoMessageNotes } from '../../../lib/adapters/ledger/dynamo-message-notes.ts';
import { createDynamoRedriveNotes } from '../../../lib/adapters/ledger/dynamo-redrive-notes.ts';
import { createDynamoRunHistory } from '../../../lib/adapters/ledger/dynamo-run-history.ts';
import { createDynamoRunLog } from '../../../lib/adapters/ledger/dynamo-run-log.ts';
import { createS3RecordArchive } from '../../../lib/adapters/s3-record-archive.ts';
import { createSqsDeadLetterQueue } from '../../../lib/adapters/sqs/sqs-dead-letter-queue.ts';
import { createSqsQueueReader } from '../../../lib/adapters/sqs/sqs-queue-reader.ts';
import { ALL_BEHAVIOURS } from '../../conformance/all-behaviours.ts';
import { describeBreakerNotes } from '../../contracts/breaker-notes-contract.ts';
import { describeDeadLetterQueue } from '../../contracts/dead-letter-queue-contract.ts';
import { describeFailureNotes } from '../../contracts/failure-notes-contract.ts';
import { describeMessageNotes } from '../../contracts/message-notes-contract.ts';
import { describeRecordArchive } from '../../contracts/record-archive-contract.ts';
import { describeRedriveNotes } from '../../contracts/redrive-notes-contract.ts';
import { describeRunLog } from '../../contracts/run-log-contract.ts';
import { createFakeAwsTarget } from './support/fake-aws-target.ts';

const IMPLEMENTATION = 'the chaos suite’s';

// Its topic is the records topic alone: nobody can subscribe.
const { SNS: _, ...behaviours } = ALL_BEHAVIOURS;

describe.each(Object.entries(behaviours))(`%s of ${IMPLEMENTATION} behaves as AWS does`, (_service, all) => {
  test.each(all)('$title', ({ run }) => run(createFakeAwsTarget()));
});

describeRecordArchive(IMPLEMENTATION, () =>
  createS3RecordArchive({ client: createFakeAwsTarget().s3, bucket: 'archive' }),
);

const aLedger = () => ({ client: createFakeAwsTarget().dynamodb, table: 'ledger' });

describeMessageNotes(IMPLEMENTATION, () => createDynamoMessageNotes(aLedger()));
describeRedriveNotes(IMPLEMENTATION, () => createDynamoRedriveNotes(aLedger()));
describeBreakerNotes(IMPLEMENTATION, async () => createDynamoBreakerNotes(aLedger()));

describeRunLog(IMPLEMENTATION, () => {
  const ledger = aLedger();
  return { runLog: createDynamoRunLog(ledger), history: createDynamoRunHistory(ledger) };
});

describeFailureNotes(IMPLEMENTATION, () => {
  const { dynamodb: client, clock } = createFakeAwsTarget();
  const ledger = { client, table: 'ledger' };
  return {
    notes: createDynamoMessageNotes(ledger),
    failureNotes: createDynamoFailureNotes({ ...ledger, clock }),
  };
});

describeDeadLetterQueue(IMPLEMENTATION, async () => {
  const { sqs } = createFakeAwsTarget();
  const Attributes = { FifoQueue: 'true', DeduplicationScope: 'messageGroup' };
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'dlq.fifo', Attributes }));
  return {
    queue: createSqsDeadLetterQueue(sqs, QueueUrl),
    reader: createSqsQueueReader(sqs, QueueUrl),
    async bury(letters) {
      for (const [place, { body, group }] of letters.entries()) {
        const ids = { MessageGroupId: group, MessageDeduplicationId: String(place) };
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, ...ids }));
      }
    },
  };
});
