import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type ListeningServer, listenOnLoopback } from '../../lib/local/http-server.ts';
import { HOOK_SECRET } from './hook.ts';

interface FakeAws extends ListeningServer {
  /** Requests by service, e.g. `s3`. */
  readonly counts: ReadonlyMap<string, number>;
}

/** SQS, SNS, S3, DynamoDB and SSM as one server that says yes to everything, and has nothing stored. */
export async function startFakeAws(): Promise<FakeAws> {
  const counts = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { service, status = 200, type, answer } = toAnswer(request, body);
    counts.set(service, (counts.get(service) ?? 0) + 1);
    response.writeHead(status, { 'content-type': type, etag: '"an-etag"' }).end(answer);
  });
  return { ...(await listenOnLoopback(server, 0)), counts };
}

const JSON_TYPE = 'application/x-amz-json-1.0';
const MISSING = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>';
const PUBLISHED =
  '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>';

function toAnswer({ headers, method }: IncomingMessage, body: string) {
  const target = String(headers['x-amz-target'] ?? '');
  if (target.startsWith('AmazonSSM')) {
    const Parameter = { Name: JSON.parse(body).Name, Value: HOOK_SECRET, Type: 'SecureString', Version: 1 };
    return { service: 'ssm', type: 'application/x-amz-json-1.1', answer: JSON.stringify({ Parameter }) };
  }
  if (target.startsWith('AmazonSQS')) {
    // The SDK holds the digest against what it sent.
    const MD5OfMessageBody = createHash('md5')
      .update(String(JSON.parse(body).MessageBody))
      .digest('hex');
    const sent = { MessageId: 'message-1', SequenceNumber: '18849496460467696128', MD5OfMessageBody };
    return {
      service: 'sqs',
      type: JSON_TYPE,
      answer: JSON.stringify({ ...sent, Successful: [], Failed: [] }),
    };
  }
  if (target.startsWith('DynamoDB')) return { service: 'dynamodb', type: JSON_TYPE, answer: '{}' };
  if (method === 'POST' && body.includes('Action=Publish'))
    return { service: 'sns', type: 'text/xml', answer: PUBLISHED };
  if (method === 'GET') return { service: 's3', status: 404, type: 'application/xml', answer: MISSING };
  return { service: 's3', type: 'application/xml', answer: '' };
}
