import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createApi } from '../../lib/api/app.ts';
import type { ApiContext, ApiRequest } from '../../lib/api/context.ts';
import type { BreakerView } from '../../lib/breaker/pause.ts';
import type { ApiKey } from '../../lib/config/api-keys.ts';
import type { Inclusion } from '../../lib/config/config.ts';
import type { FetchedConversation } from '../../lib/crisp/conversation.ts';
import type { SessionRef, WebsiteId } from '../../lib/ids.ts';
import type { NotedOpening } from '../../lib/ledger/breaker-notes.ts';
import { createDynamoIdempotencyNotes } from '../../lib/ledger/idempotency.ts';
import { createBestEffort } from '../../lib/ledger/table.ts';
import { toLatest } from '../../lib/record/archive.ts';
import type { EnrichedRecord, RemovedRecord } from '../../lib/record/schema.ts';
import { createFakeAwsTarget } from '../chaos/world/support.ts';
import { aFetchedConversation, aSession } from './builders.ts';
import { createDeadLetterScene } from './dead-letter-scene.ts';
import { createMemoryRecordArchive, createRecordingTelemetry } from './memory.ts';

const READER = 'reader-key-0123456789abcdef0123456789';
const ENQUEUER = 'enqueue-key-0123456789abcdef012345678';
const OPERATOR = 'operate-key-0123456789abcdef012345678';

export const KEYS = { read: READER, enqueue: ENQUEUER, operate: OPERATOR };

type Fetch = (
  session: SessionRef,
  signal: AbortSignal,
  include: readonly Inclusion[],
) => Promise<FetchedConversation>;

interface ApiSceneOptions {
  /** False: every request to it fails. */
  readonly hasLedger?: boolean;
  readonly websiteIds?: readonly WebsiteId[];
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: what a caller would parse, whatever it is.
  readonly json: any;
}

// Nothing listens there.
const NO_LEDGER = new DynamoDBClient({
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:1',
  maxAttempts: 1,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

/** The API in this process, over fakes; time is virtual. */
export function createApiScene({
  hasLedger = true,
  websiteIds = [aSession().websiteId],
}: ApiSceneOptions = {}) {
  const letters = createDeadLetterScene({ onlyWebsiteId: aSession().websiteId });
  const { clock } = letters;
  const { dynamodb } = createFakeAwsTarget();
  const telemetry = createRecordingTelemetry();
  const archive = createMemoryRecordArchive();
  const known: WebsiteId[] = [];
  let keys: readonly ApiKey[] = [
    { name: 'crm', scopes: ['read'], key: READER },
    { name: 'importer', scopes: ['enqueue'], key: ENQUEUER },
    { name: 'night', scopes: ['operate'], key: OPERATOR },
  ];
  let fetch: Fetch = async (session) => aFetchedConversation(session);
  let opening: NotedOpening | undefined;
  let view: Partial<BreakerView> = {};
  const fetches: SessionRef[] = [];

  const context: ApiContext = {
    config: { stage: 'test', websiteIds, include: ['profile'], archiveBucket: 'archive' },
    secrets: { apiKeys: async () => keys },
    async fetchConversation(session, { signal, include }) {
      fetches.push(session);
      return fetch(session, signal, include);
    },
    archive,
    listKnownWebsites: async () => known,
    deadLetters: letters.context,
    readQueues: async () => [],
    breakerNotes: { readOpening: async () => opening },
    readBreaker: async () => ({
      deliveries: 'on',
      isOpen: false,
      pause: undefined,
      opening,
      problems: [],
      ...view,
    }),
    idempotency: createDynamoIdempotencyNotes({ client: hasLedger ? dynamodb : NO_LEDGER, table: 'ledger' }),
    bestEffort: createBestEffort(telemetry),
    clock,
    telemetry,
  };
  const answer = createApi(context);

  async function call(request: Partial<ApiRequest>): Promise<ApiReply> {
    const {
      status,
      body,
      headers = {},
    } = await answer({
      method: 'GET',
      path: '/v1/status',
      query: '',
      headers: {},
      body: Buffer.alloc(0),
      requestId: 'request-1',
      ...request,
    });
    return { status, headers, json: JSON.parse(body) };
  }

  return {
    ...letters,
    context,
    telemetry,
    archive,
    known,
    fetches,
    call,
    /** With a key of the scope that the route asks for. */
    get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<ApiReply> {
      const [path = '', query = ''] = target.split('?');
      return call({ path, query, headers: { authorization: `Bearer ${READER}`, ...headers } });
    },
    post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ApiReply> {
      const key = path === '/v1/dlq/redrive' ? OPERATOR : ENQUEUER;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const usual = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      return call({ method: 'POST', path, body: Buffer.from(text), headers: { ...usual, ...headers } });
    },
    setKeys(next: readonly ApiKey[]) {
      keys = next;
    },
    setFetch(next: Fetch) {
      fetch = next;
    },
    hold(next: NotedOpening | undefined, state: Partial<BreakerView>) {
      opening = next;
      view = state;
    },
    async keep(record: EnrichedRecord | RemovedRecord) {
      const session = aSession(record.session_id, record.website_id);
      await archive.putRecord(session, record.version, JSON.stringify(record));
      await archive.putLatest(session, toLatest(record, { announced: true }), undefined);
    },
  };
}
