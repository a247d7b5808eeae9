import type { Environment } from '../../lib/config/config.ts';
import { parseConsumerConfig, parseWebhookConfig } from '../../lib/config/parse.ts';
import type { FetchedConversation } from '../../lib/crisp/conversation.ts';
import { ConfigError } from '../../lib/errors.ts';
import {
  type PersonRef,
  parsePeopleId,
  parseSessionId,
  parseWebsiteId,
  type SessionRef,
} from '../../lib/ids.ts';
import type { Run } from '../../lib/ledger/runs.ts';
import type { ReceivedMessage } from '../../lib/queue/job.ts';
import { buildRecord } from '../../lib/record/build.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { escapeBody, toMessageAttributes } from '../../lib/record/topic.ts';
import type { JsonObject } from '../../lib/text.ts';

const NOW_MS = 1_790_856_000_500;

/** A run that emitted a record. */
export function aRun(run: Partial<Run> = {}): Run {
  return {
    session: aSession(),
    messageId: 'message-1',
    requestId: 'request-1',
    startedMs: NOW_MS,
    durationMs: 250,
    receiveCount: 1,
    attempt: 1,
    outcome: 'emitted',
    apiCalls: 3,
    ...run,
  };
}

/** A run that failed, with all that may be known of a failure. */
export function aFailedRun(run: Partial<Run> = {}): Run {
  return aRun({
    outcome: 'failed',
    stage: 'fetch',
    code: 'bad_response:not_json',
    status: 200,
    reason: 'text/html that looks like "aaa"',
    delaySeconds: 42,
    ...run,
  });
}

let sessionSerial = 0;

/** A session of which nothing is in any log yet. */
export function aFreshSession(): SessionRef {
  sessionSerial += 1;
  return aSession(`session_fresh_${sessionSerial}`);
}

/** A record whose body and attributes (names, types, values) are together exactly `bytes` long. */
export function aRecordOfBytes(bytes: number): EnrichedRecord {
  const missing = bytes - bytesOf(aRecord(0));
  if (missing < 0) throw new Error(`no record is as small as ${bytes} bytes`);
  return aRecord(missing);
}

function aRecord(padding: number): EnrichedRecord {
  const messages = [aCrispMessage(1, { content: 'x'.repeat(padding) })];
  return buildRecord(aFetchedConversation({ messages }), { version: 1, mode: 'full', absorbed: 0 });
}

function bytesOf(record: EnrichedRecord): number {
  const attributes = Object.entries(toMessageAttributes(record)).flatMap(([name, { type, value }]) => [
    name,
    type,
    value,
  ]);
  return Buffer.byteLength([escapeBody(record), ...attributes].join(''));
}

export const FETCH_STARTED_MS = 1_790_856_070_123;

/** A small conversation as Crisp answers it: a question, its answer, a note; `conversation` adds or replaces fields. */
export function aFetchedConversation({
  conversation = {},
  ...overrides
}: Partial<FetchedConversation> = {}): FetchedConversation {
  const session = aSession();
  const { websiteId, sessionId } = { ...session, ...overrides };
  return {
    ...session,
    startedMs: FETCH_STARTED_MS,
    conversation: { ...aConversation(websiteId, sessionId), ...conversation },
    messages: [
      aCrispMessage(1, { from: 'user', content: 'Is my parcel lost?' }),
      aCrispMessage(2, { from: 'operator', content: 'It is on its way.' }),
      aCrispMessage(3, { from: 'operator', type: 'note', content: 'Called the carrier.' }),
    ],
    profile: { people_id: 'c5a2f70c-f605-4648-b47f-8c39d4b03a50', email: 'ada@example.com', score: 3 },
    mode: 'full',
    messagePages: 1,
    terminatedBy: 'http_200',
    apiCalls: 3,
    ...overrides,
  };
}

/** A text message, sent `number` minutes after the conversation began. */
export function aCrispMessage(number: number, fields: JsonObject = {}): JsonObject {
  return {
    type: 'text',
    from: 'user',
    origin: 'chat',
    content: `message ${number}`,
    read: 'chat',
    delivered: 'chat',
    ignored: {},
    preview: [],
    fingerprint: 179_085_000_000_000 + number,
    timestamp: 1_790_850_000_000 + number * 60_000,
    ...fields,
  };
}

function aConversation(website_id: string, session_id: string): JsonObject {
  return {
    session_id,
    website_id,
    inbox_id: null,
    people_id: 'c5a2f70c-f605-4648-b47f-8c39d4b03a50',
    state: 'unresolved',
    status: 1,
    is_verified: false,
    is_blocked: false,
    availability: 'offline',
    active: { now: false, last: 1_790_855_990_000 },
    last_message: 'It is on its way.',
    preview_message: {
      type: 'text',
      from: 'operator',
      excerpt: 'It is on',
      fingerprint: 179_085_000_000_002,
    },
    topic: 'Parcel delay',
    verifications: [],
    participants: [{ type: 'email', target: 'ops@example.com' }],
    mentions: [],
    compose: { operator: {}, visitor: { type: 'start', excerpt: 'I never sent th' } },
    unread: { operator: 1, visitor: 0 },
    assigned: { user_id: 'a4c32c68-be91-4e29-8a05-976e93abbe3f' },
    meta: {
      nickname: 'Ada',
      email: 'ada@example.com',
      ip: '203.0.113.9',
      avatar: null,
      segments: ['customer'],
      data: { plan: 'pro', seats: 3 },
    },
    created_at: 1_790_850_000_000,
    updated_at: 1_790_856_000_000,
    waiting_since: 1_790_855_900_000,
  };
}

export const WEBSITE_ID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';
export const OTHER_WEBSITE_ID = '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10';

/** One of ten people of a website. */
export function aPerson(digit: number, website = WEBSITE_ID): PersonRef {
  const websiteId = parseWebsiteId(website);
  const peopleId = parsePeopleId(`c5a2f70c-f605-4648-b47f-8c39d4b03a5${digit}`);
  if (!websiteId || !peopleId) throw new Error('no ids');
  return { websiteId, peopleId };
}

/** A session of the first test website. */
export function aSession(name = 'session_a', website = WEBSITE_ID): SessionRef {
  const websiteId = parseWebsiteId(website);
  const sessionId = parseSessionId(name);
  if (!websiteId || !sessionId) throw new Error(`not the ids of a session: ${website} ${name}`);
  return { websiteId, sessionId };
}

let serial = 0;

/** A message that SQS hands out for the first time; its body asks for `session`, in full, at once. */
export function aMessage(
  message: Partial<ReceivedMessage> & { session?: SessionRef; job?: Record<string, unknown> } = {},
): ReceivedMessage {
  serial += 1;
  const { session = aSession(), job, ...rest } = message;
  return {
    messageId: `message-${serial}`,
    receiptHandle: `handle-of-${rest.messageId ?? `message-${serial}`}`,
    body: JSON.stringify({ v: 1, ...session, mode: 'full', ...job }),
    receiveCount: 1,
    sentMs: undefined,
    ...rest,
  };
}

export const SECRET = 'whsec_9f1c7a52e0b84d36';
export const TOKEN = { CRISP_TOKEN_IDENTIFIER: 'id-of-the-token', CRISP_TOKEN_KEY: 'key-of-the-token' };
export const SESSIONS_QUEUE_URL = 'http://127.0.0.1:4566/000000000000/crisp-enrich-local-sessions.fifo';
export const RESOURCES = {
  SESSIONS_QUEUE_URL,
  SESSIONS_QUEUE_ARN: 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-local-sessions.fifo',
  CONSUMER_FUNCTION_NAME: 'crisp-enrich-local-consumer',
  RECORDS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:crisp-enrich-local-records',
  ARCHIVE_BUCKET: 'crisp-enrich-local-archive',
  LEDGER_TABLE: 'crisp-enrich-local-ledger',
};

/** The webhook's configuration from a sound environment and what the test changes of it. */
export function webhook(environment: Environment = {}) {
  const { LEDGER_TABLE } = RESOURCES;
  return parseWebhookConfig({ CRISP_HOOK_SECRETS: SECRET, SESSIONS_QUEUE_URL, LEDGER_TABLE, ...environment });
}

/** The same for the consumer. */
export function consumer(environment: Environment = {}) {
  return parseConsumerConfig({ ...TOKEN, ...RESOURCES, ...environment });
}

/** The problems of a configuration as `VARIABLE code`; none where it is sound. */
export function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ variable, code }) => `${variable} ${code}`);
    throw error;
  }
  return [];
}

/** The whole message that a person would read; empty where the configuration is sound. */
export function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}
