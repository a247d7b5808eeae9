import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

const PER_RECEIVE = 10;
// SQS's own are about as long.
const HANDLE_LENGTH = 400;
const CODES = ['bad_response', 'crisp_forbidden', 'archive_failed', 'paging_stuck', 'unexpected'];

/** A dead-letter queue of `count` messages that are made as they are received, so that only the listing is measured. */
export function createEndlessQueue(count: number) {
  let received = 0;
  let restored = 0;

  function receive() {
    const Messages = [];
    for (let left = PER_RECEIVE; left > 0 && received < count; left -= 1) {
      Messages.push(toMessage(received));
      received += 1;
    }
    return { Messages };
  }

  return {
    restored: () => restored,
    // As much of a client as the adapters use of it: they only send commands.
    sqs: {
      async send(command: object) {
        if (command instanceof ReceiveMessageCommand) return receive();
        if (command instanceof GetQueueAttributesCommand) {
          return {
            Attributes: {
              ApproximateNumberOfMessages: String(count - received),
              ApproximateNumberOfMessagesNotVisible: String(received - restored),
              MessageRetentionPeriod: '1209600',
            },
          };
        }
        if (command instanceof ChangeMessageVisibilityBatchCommand) {
          restored += command.input.Entries?.length ?? 0;
          return { Successful: command.input.Entries };
        }
        throw new Error(`not a command of a listing: ${command.constructor.name}`);
      },
    } as unknown as SQSClient,
  };
}

/** A ledger that knows a failure of every message, as an answer of DynamoDB's that was just parsed. */
export function createEndlessLedger(table: string) {
  return {
    // As above.
    async send(command: { input: { RequestItems?: Record<string, { Keys: { pk: { S: string } }[] }> } }) {
      const { Keys = [] } = command.input.RequestItems?.[table] ?? {};
      return { Responses: { [table]: Keys.map(toNote) } };
    },
  } as unknown as DynamoDBClient;
}

function toMessage(index: number) {
  const id = index.toString(16).padStart(12, '0');
  const session = { websiteId: `8c842203-7ed8-4e29-a608-${id}`, sessionId: `session_${crypto.randomUUID()}` };
  return {
    MessageId: `00000000-0000-4000-8000-${id}`,
    ReceiptHandle: copyOf(`${id}${'h'.repeat(HANDLE_LENGTH - id.length)}`),
    Body: JSON.stringify({ v: 1, ...session, mode: 'full', bucketMs: 1_790_856_000_000 }),
    Attributes: {
      ApproximateReceiveCount: '21',
      SentTimestamp: '1790856000000',
      MessageGroupId: `${session.websiteId}:${session.sessionId}`,
    },
  };
}

function toNote({ pk }: { pk: { S: string } }) {
  const code = CODES[Number.parseInt(pk.S.slice(-4), 16) % CODES.length] ?? 'unexpected';
  return {
    pk,
    sk: { S: 'failure' },
    code: { S: code },
    hint: {
      S: `a sentence about ${copyOf(pk.S)} and what to do, of about a hundred characters in all, no more`,
    },
    failures: { N: '5' },
    permanents: { N: '0' },
    maxAttempts: { N: '5' },
    firstMs: { N: '1790855000000' },
    lastMs: { N: '1790855900000' },
  };
}

/** A text with a memory of its own, as one that came over the wire. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

/** What it took to list and group dead letters, in a process of its own. */
interface DeadLetterListing {
  readonly seen: number;
  readonly groups: number;
  /** How many were shown again at the end. */
  readonly restored: number;
  /** The most memory that the process held at a time. */
  readonly peakMib: number;
}

const PROCESS = join(import.meta.dirname, 'list-dead-letters-process.ts');

export async function measureDeadLetters(count: number): Promise<DeadLetterListing> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, String(count)]);
  return JSON.parse(stdout);
}
