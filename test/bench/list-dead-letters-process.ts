import { setFlagsFromString } from 'node:v8';
import { createSqsQueueReader } from '../../lib/aws/queues.ts';
import { systemClock } from '../../lib/clock.ts';
import { toDeadLetterJson } from '../../lib/dead-letters/dead-letter.ts';
import { listDeadLetters } from '../../lib/dead-letters/list.ts';
import { createSqsDeadLetterQueue } from '../../lib/dead-letters/queue.ts';
import { createDynamoFailureNotes } from '../../lib/ledger/failure-notes.ts';
import { createDynamoLookNotes } from '../../lib/ledger/message-notes.ts';
import { createDynamoRunHistory } from '../../lib/ledger/runs.ts';
import { createEndlessLedger, createEndlessQueue } from './dead-letters.ts';

// `node list-dead-letters-process.ts COUNT`: lists and groups so many dead letters with the command's own parts, and
// prints the most memory that this process held at a time.
// As the command line does.
setFlagsFromString('--optimize-for-size');
const count = Number(process.argv[2]);
const table = 'ledger';
const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions-dlq.fifo';
const { sqs, restored } = createEndlessQueue(count);
const client = createEndlessLedger(table);

const context = {
  queue: createSqsDeadLetterQueue(sqs, queueUrl),
  queueReader: createSqsQueueReader(sqs, queueUrl),
  failureNotes: createDynamoFailureNotes({ client, table, clock: systemClock }),
  runHistory: createDynamoRunHistory({ client, table }),
  lookNotes: createDynamoLookNotes({ client, table }),
  onlyWebsiteId: undefined,
  clock: systemClock,
};

let bytes = 0;
const { seen, groups } = await listDeadLetters(context, {
  filter: {},
  signal: new AbortController().signal,
  async onLetter(letter) {
    bytes += JSON.stringify(toDeadLetterJson(letter)).length;
  },
});

const peakMib = process.resourceUsage().maxRSS / 1024;
process.stdout.write(
  `${JSON.stringify({ seen, groups: groups.length, restored: restored(), bytes, peakMib })}\n`,
);
