import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { createFakeDynamoDb } from '../chaos/world/aws/dynamodb.ts';

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
 * An S3 client that is answered from memory, with the conditional writes that S3 documents: 412 where `If-None-Match: *`
 * meets an object or `If-Match` another one, 404 where what `If-Match` names is gone.
 */
export function createConditionalS3Client(): S3Client {
  const objects = new Map<string, string>();

  return new S3Client({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: {
      async handle(request: HttpRequest) {
        return { response: answer(request, objects) };
      },
    },
  });
}

interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function answer({ method, path, headers, body }: HttpRequest, objects: Map<string, string>) {
  const stored = objects.get(path);
  if (method === 'GET') return stored === undefined ? refuse(404, 'NoSuchKey') : reply(200, stored);

  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = headers;
  if (ifNoneMatch === '*' && stored !== undefined) return refuse(412, 'PreconditionFailed');
  if (ifMatch !== undefined && stored === undefined) return refuse(404, 'NoSuchKey');
  if (ifMatch !== undefined && ifMatch !== toEtag(stored)) return refuse(412, 'PreconditionFailed');

  const text = String(body);
  objects.set(path, text);
  return reply(200, '', toEtag(text));
}

function refuse(statusCode: number, code: string) {
  return reply(statusCode, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`);
}

function reply(statusCode: number, text: string, etag = toEtag(text)) {
  return {
    statusCode,
    headers: { etag, 'content-type': 'text/xml' },
    body: Readable.from([Buffer.from(text)]),
  };
}

function toEtag(text = ''): string {
  return `"${createHash('md5').update(text).digest('hex')}"`;
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
  const actions = createFakeDynamoDb({ note: (event) => ({ ...event, atMs: 0 }) });
  const send = async (command: { readonly input: object }) => {
    const act = actions[command.constructor.name.replace(/Command$/, '')];
    if (!act) throw new Error(`the fake does not know ${command.constructor.name}`);
    // No function's call: nothing is asked of where it comes from.
    return structuredClone(act(command.input as never, {} as never));
  };
  return { client: { send, destroy() {} } as unknown as DynamoDBClient, table };
}

export type FakeLedger = ReturnType<typeof createFakeLedger>;
