import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import type { AwsActions, AwsCall } from '../chaos/world/aws/call.ts';
import { createFakeDynamoDb } from '../chaos/world/aws/dynamodb.ts';
import { createFakeS3 } from '../chaos/world/aws/fake-aws.ts';
import type { Recorder } from '../chaos/world/recorder.ts';
import { untilSettled, type VirtualClock } from './virtual-clock.ts';

/** An error as the AWS SDK throws it; its message holds a canary that must reach no log. */
export function anAwsError(name: string, httpStatusCode = 400): Error {
  return Object.assign(new Error('canary-message'), { name, $metadata: { httpStatusCode } });
}

/** An S3 client of an embedded S3: paths instead of host names, and one try. */
export function anS3Client(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

/**
 * True for text of the characters that the SQS API reference admits, less those beyond the BMP, which the embedded SQS
 * refuses: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD.
 */
export function isLegalForSqs(text: string): boolean {
  return text.split('').every((codeUnit) => isLegal(codeUnit.charCodeAt(0)));
}

function isLegal(unit: number): boolean {
  if (unit < 0x20) return unit === 0x9 || unit === 0xa || unit === 0xd;
  return unit <= 0xd7ff || (unit >= 0xe000 && unit <= 0xfffd);
}

/** A ledger in memory, for whoever needs no more of a client than `send`. */
export function createFakeLedger(table = 'test-ledger') {
  return { client: toClient<DynamoDBClient>(createFakeDynamoDb(SILENT)), table };
}

export type FakeLedger = ReturnType<typeof createFakeLedger>;

/** The same for S3, with the conditional writes that S3 documents; `objects`: what was put, by its key. */
export function createFakeS3Client() {
  const objects = new Map<string, string>();
  const actions = createFakeS3({
    note(event) {
      if (event.type === 'object-put') objects.set(event.key, event.body);
      return SILENT.note(event);
    },
  });
  return { client: toClient<S3Client>(actions), objects };
}

const SILENT: Pick<Recorder, 'note'> = { note: (event) => ({ ...event, atMs: 0 }) };

/** A client of the SDK whose commands take effect at once; those that wait wait for the clock, which then nobody else turns. */
export function toClient<Client>(actions: AwsActions, clock?: VirtualClock): Client {
  const send = async (command: { readonly input: object }) => {
    const act = actions[command.constructor.name.replace(/Command$/, '')];
    if (!act) throw new Error(`the fake does not know ${command.constructor.name}`);
    // Whoever calls is no instance of a function: a redrive, as far as the queues know.
    const answer = act(command.input as never, { instance: { role: 'operator' } } as AwsCall);
    return clock && answer instanceof Promise ? untilSettled(clock, answer) : answer;
  };
  // Of a client only `send` is used.
  return { send, destroy() {} } as Client;
}
