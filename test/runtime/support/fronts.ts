import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { createServer } from 'node:tls';
import {
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { StageQueue } from '../../../lib/aws/queues.ts';
import type { SessionRef } from '../../../lib/ids.ts';
import type { EnrichedRecord } from '../../../lib/record/schema.ts';
import type { RuntimeScene } from './runtime-api.ts';

/** HTTPS in front of a plain server on this machine: a deployed function refuses to speak to Crisp without. */
export async function startHttpsFront(plainPort: number, { certificate, key }: LoopbackCertificate) {
  const called = Promise.withResolvers<void>();
  const server = createServer({ cert: certificate, key }, (socket) => {
    called.resolve();
    const plain = connect(plainPort, '127.0.0.1');
    // Where one side breaks off, so does the other.
    plain.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('error', () => plain.destroy()).on('close', () => plain.destroy());
    socket.pipe(plain).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    url: `https://127.0.0.1:${port}`,
    /** Resolves at the first connection. */
    called: called.promise,
    /** Connections end with the server behind it. */
    async stop() {
      server.close();
      await once(server, 'close');
    },
  };
}

interface LoopbackCertificate {
  /** Both in PEM. */
  readonly certificate: string;
  readonly key: string;
}

// The types of ASN.1 that a certificate is made of.
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION_FIELD = 0xa0;
const EXTENSIONS_FIELD = 0xa3;
const IP_ADDRESS_NAME = 0x87;

const VERSION_3 = 2;
const ECDSA_WITH_SHA256 = der(SEQUENCE, der(IDENTIFIER, Buffer.from('2a8648ce3d040302', 'hex')));
const COMMON_NAME = der(IDENTIFIER, Buffer.from('550403', 'hex'));
const ALTERNATIVE_NAMES = der(IDENTIFIER, Buffer.from('551d11', 'hex'));
const NAME = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from('loopback')))));
const VALIDITY = der(SEQUENCE, toTime('200101000000Z'), toTime('491231235959Z'));

/** A new key, and a certificate for 127.0.0.1 that it signed itself: trusted by whoever is told to trust it. */
export function createLoopbackCertificate(): LoopbackCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = der(
    SEQUENCE,
    der(VERSION_FIELD, der(INTEGER, Buffer.of(VERSION_3))),
    der(INTEGER, Buffer.of(1)),
    ECDSA_WITH_SHA256,
    NAME,
    VALIDITY,
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS_FIELD, der(SEQUENCE, toAlternativeName(Buffer.of(127, 0, 0, 1)))),
  );
  const signature = der(BIT_STRING, Buffer.of(0), sign('sha256', body, privateKey));
  return {
    certificate: toPem(der(SEQUENCE, body, ECDSA_WITH_SHA256, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function toAlternativeName(address: Buffer): Buffer {
  const names = der(SEQUENCE, der(IP_ADDRESS_NAME, address));
  return der(SEQUENCE, ALTERNATIVE_NAMES, der(OCTET_STRING, names));
}

function toTime(time: string): Buffer {
  return der(UTC_TIME, Buffer.from(time));
}

/** Type, length, content. */
function der(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(type), toLength(content.length), content]);
}

function toLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** SSM's GetParameter on 127.0.0.1, for the given names and values. */
export async function startParameterStore(parameters: Readonly<Record<string, string>>) {
  const server = createHttpServer(async (request, response) => {
    // The protocol's own form: `{ Name, WithDecryption }`.
    const { Name } = (await json(request)) as { Name: string };
    const Value = parameters[Name];
    const answer =
      Value === undefined
        ? { __type: 'ParameterNotFound' }
        : { Parameter: { Name, Value, Type: 'SecureString', Version: 1 } };
    response.writeHead(Value === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// At least the delay of the sessions queue: one bucket and its margin.
const DELAY_MS = 70_000;

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Asks for the sessions in full, and turns the clock to where their messages can be received. */
export async function enqueue(scene: RuntimeScene, sessions: readonly SessionRef[]): Promise<void> {
  for (const session of sessions) {
    const message = {
      QueueUrl: scene.resources.queues.sessions,
      MessageBody: JSON.stringify({ v: 1, ...session, mode: 'full' }),
      MessageGroupId: `${session.websiteId}:${session.sessionId}`,
      MessageDeduplicationId: randomUUID(),
    };
    await scene.aws.sqs.send(new SendMessageCommand(message));
  }
  await scene.clock.advance(DELAY_MS);
}

/** What one receive returns, as Lambda's poller asks for it. */
export async function receive({ aws, resources }: RuntimeScene, queue: StageQueue): Promise<Message[]> {
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: resources.queues[queue],
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** The records of one receive of the records queue. */
export async function receiveRecords(scene: RuntimeScene): Promise<EnrichedRecord[]> {
  // A record's own shape is the subject of other tests.
  return (await receive(scene, 'records')).map(({ Body = '' }) => JSON.parse(Body) as EnrichedRecord);
}

/** How many messages the sessions queue holds, waiting, in flight or delayed. */
export async function countSessions({ aws, resources }: RuntimeScene): Promise<number> {
  const { Attributes = {} } = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: resources.queues.sessions, AttributeNames: [...COUNTS] }),
  );
  return COUNTS.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}
