import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { CrispToken } from '../../lib/config/config.ts';
import type { Secrets } from '../../lib/config/secret-reader.ts';
import {
  type CrispApi,
  type CrispClient,
  createCrispApi,
  type MessagesPage,
} from '../../lib/crisp/client.ts';
import { createMessageMerge } from '../../lib/crisp/merge.ts';
import { JobError } from '../../lib/errors.ts';
import { createRecordingTelemetry, type RecordingTelemetry } from './memory.ts';

const nothing = async () => ({ items: [], hasMore: false });

/** Crisp's API with empty answers, less what the test replaces. */
export function aCrispApi(answers: Partial<CrispApi> = {}): CrispApi {
  return {
    getConversation: async () => ({}),
    listMessages: async () => ({ messages: [], hasMore: false }),
    getProfile: async () => null,
    listVisitedPages: nothing,
    listEvents: nothing,
    getRelations: async () => ({}),
    getWebsite: async () => ({}),
    ...answers,
  };
}

export const TOKEN = { identifier: 'an-identifier', key: 'f'.repeat(64) };
export const MAX_RESPONSE_BYTES = 100_000;

interface CrispOverHttp {
  readonly server: ScriptedCrisp;
  readonly crisp: CrispClient;
  readonly telemetry: RecordingTelemetry;
  /** How often the throttle was told of a refusal. */
  readonly refusals: () => number;
}

interface CrispOverHttpOptions {
  readonly deadlineMs?: number;
  readonly hasToken?: boolean;
  readonly protocol?: 'http:' | 'https:';
  /** In place of a token that stays. */
  readonly secrets?: Secrets;
}

/** Our client, without a throttle, before a scripted server; both are closed when the test ends. */
export async function setUpCrisp(script: Script, options: CrispOverHttpOptions = {}): Promise<CrispOverHttp> {
  const { deadlineMs = 5_000, hasToken = true, protocol = 'http:' } = options;
  const server = await createScriptedCrisp(script);
  const telemetry = createRecordingTelemetry();
  let refusals = 0;
  const noteRefusal = () => {
    refusals += 1;
  };
  const crisp = aCrispClient(Object.assign(new URL(server.url), { protocol }), {
    ...(options.secrets && { secrets: options.secrets }),
    ...(!hasToken && { secrets: toSecrets(undefined) }),
    throttle: { take: async () => {}, noteRefusal, ratePerSecond: 10 },
    deadlineMs,
    telemetry,
  });
  onTestFinished(async () => {
    await crisp.close();
    await server.close();
  });
  return { server, crisp, telemetry, refusals: () => refusals };
}

/** Our client, without a throttle; `options` replaces what a test looks at. */
export function aCrispClient(
  baseUrl: URL,
  options: Partial<Parameters<typeof createCrispApi>[0]> & { token?: CrispToken } = {},
) {
  const { token = TOKEN, ...rest } = options;
  return createCrispApi({
    ...{ baseUrl, tier: 'plugin', secrets: toSecrets(token), clock: systemClock },
    throttle: { take: async () => {}, noteRefusal() {}, ratePerSecond: 10 },
    maxResponseBytes: MAX_RESPONSE_BYTES,
    ...rest,
  });
}

function toSecrets(token: CrispToken | undefined): Secrets {
  return { hookSecrets: async () => [], apiKeys: async () => [], crispToken: async () => token };
}

/** The error that `work` rejects with; anything but a `JobError` fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<JobError> {
  const thrown = await work.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (thrown instanceof JobError) return thrown;
  throw thrown;
}

/** What the server does with one request: an answer, or a fault of the connection. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The `data` of a good envelope; `body` is for everything else. */
  readonly data?: unknown;
  readonly body?: string | Uint8Array;
  /** All that goes over the wire, in place of HTTP; then the connection is closed. */
  readonly raw?: string | Uint8Array;
  /**
   * `reset`: RST instead of headers. `close`: FIN instead of headers. `reset-in-body`, `close-in-body`: after half of the
   * body. `never`: no answer. `stall-in-body`: half of the body, then nothing.
   */
  readonly fault?: 'reset' | 'close' | 'reset-in-body' | 'close-in-body' | 'never' | 'stall-in-body';
}

export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** 1 for the first connection that was opened. */
  readonly connection: number;
}

interface ScriptedCrisp {
  /** Base URL, with `/v1`. */
  readonly url: URL;
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

type Script =
  | readonly ScriptedAnswer[]
  | ((request: RecordedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>);

/** A server on 127.0.0.1 that answers by script; the last answer of a list is repeated. Knows nothing of Crisp. */
export async function createScriptedCrisp(script: Script): Promise<ScriptedCrisp> {
  const requests: RecordedRequest[] = [];
  const numbers = new Map<Socket, number>();
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const { method = '', url = '', headers } = request;
    const recorded = { method, url, headers, connection: numbers.get(request.socket) ?? 0 };
    requests.push(recorded);
    send(response, await pick(script, recorded, requests.length - 1));
  });
  server.on('connection', (socket) => numbers.set(socket, numbers.size + 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    url: new URL(`http://127.0.0.1:${port}/v1`),
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function pick(
  script: Script,
  request: RecordedRequest,
  index: number,
): ScriptedAnswer | Promise<ScriptedAnswer> {
  if (typeof script === 'function') return script(request);
  return script[Math.min(index, script.length - 1)] ?? {};
}

function send(response: ServerResponse, answer: ScriptedAnswer): void {
  const { status = 200, headers = {}, fault, data = {} } = answer;
  const socket = response.socket;
  if (answer.raw !== undefined) return void socket?.end(answer.raw);
  if (fault === 'never') return;
  if (fault === 'reset') return void socket?.resetAndDestroy();
  if (fault === 'close') return void socket?.destroy();

  const body = Buffer.from(answer.body ?? JSON.stringify({ error: false, reason: 'resolved', data }));
  const noBody = status === 204 || status === 304;
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(noBody || 'transfer-encoding' in headers ? {} : { 'content-length': String(body.length) }),
    ...headers,
  });
  if (fault === undefined) return void response.end(noBody ? undefined : body);

  response.write(body.subarray(0, Math.ceil(body.length / 2)), () => {
    if (fault === 'reset-in-body') socket?.resetAndDestroy();
    if (fault === 'close-in-body') socket?.end();
  });
}

export interface HistoryMessage {
  readonly fingerprint: number | string;
  readonly timestamp: number;
}

export interface HistoryOptions {
  readonly pageSize: number;
  /** `timestamp_before` leaves out its own millisecond (strict) or takes it in (inclusive). */
  readonly boundary: 'strict' | 'inclusive';
  /** `honest`: 206 while older messages exist. `always-200`: never says that there is more. */
  readonly statuses: 'honest' | 'always-200';
}

/** A server's side of `listMessages`, over a history that is given oldest first. */
export function createScriptedHistory(history: readonly HistoryMessage[], options: HistoryOptions) {
  const { pageSize, boundary, statuses } = options;
  const cursors: (number | undefined)[] = [];

  return {
    /** `timestamp_before` of each request. */
    cursors,
    async listMessages(_session: unknown, beforeMs?: number): Promise<MessagesPage> {
      cursors.push(beforeMs);
      const eligible = history.filter(({ timestamp }) => isBefore(timestamp, beforeMs));
      const hasMore = statuses === 'honest' && eligible.length > pageSize;
      return { messages: eligible.slice(-pageSize), hasMore };
    },
  };

  function isBefore(timestamp: number, beforeMs: number | undefined): boolean {
    if (beforeMs === undefined) return true;
    return boundary === 'strict' ? timestamp < beforeMs : timestamp <= beforeMs;
  }
}

/** Messages 1…n, oldest first, at the given timestamps. */
export function aHistory(timestamps: readonly number[]): HistoryMessage[] {
  return timestamps.map((timestamp, index) => ({ fingerprint: index + 1, timestamp }));
}

/** The messages of all pages, added in the order in which they are given. */
export function mergeMessages(pages: readonly (readonly unknown[])[]): unknown[] {
  const merge = createMessageMerge();
  for (const page of pages) merge.add(page);
  return merge.toSorted();
}
