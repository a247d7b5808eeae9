import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { BreakerView } from '../../lib/breaker/pause.ts';
import { openContext } from '../../lib/console/context.ts';
import { createLiveTraffic } from '../../lib/console/live-traffic.ts';
import { createConsole } from '../../lib/console/server.ts';
import { type SessionRef, toSessionKey } from '../../lib/ids.ts';
import type { QuotaDay } from '../../lib/ledger/quota-notes.ts';
import type { Operations } from '../../lib/operate/operations.ts';
import { createCliScene } from './cli.ts';

const TOKEN = 'a-token-of-this-start-0123456789';

interface ConsoleSceneOptions {
  /** True for a stage on AWS: no events are at hand, and changes have to be confirmed. */
  readonly isDeployed?: boolean;
  readonly day?: QuotaDay;
  readonly breaker?: Partial<BreakerView>;
  readonly play?: () => void;
  /** What the stage does in another way. */
  readonly change?: (operations: Operations) => Partial<Operations>;
}

/** A console over a stage in memory, in virtual time. */
export function createConsoleScene({
  isDeployed = false,
  play,
  change = () => ({}),
  ...stage
}: ConsoleSceneOptions = {}) {
  const scene = createCliScene(stage);
  const { clock } = scene;
  const stopping = new AbortController();
  const traffic = createLiveTraffic(clock);
  let looks = 0;
  const { list } = scene.operations.deadLetters;
  const operations: Operations = {
    ...scene.operations,
    stage: {
      ...scene.operations.stage,
      ...(isDeployed
        ? { stage: 'prod', queues: { ...scene.operations.stage.queues, sessions: SESSIONS_QUEUE } }
        : { localUrl: new URL('http://127.0.0.1:4700') }),
    },
    deadLetters: {
      ...scene.operations.deadLetters,
      list(options) {
        looks += 1;
        return list(options);
      },
    },
  };
  Object.assign(operations, change(operations));
  const options = {
    token: TOKEN,
    connect: async () => operations,
    clock,
    ...(!isDeployed && { traffic }),
    ...(play && { play }),
  };

  return {
    ...scene,
    operations,
    traffic,
    /** How often the dead-letter queue was looked at. */
    looks: () => looks,
    open: () => openContext(options, stopping.signal),
    stop: () => stopping.abort(),
    /** Puts a record into the archive, as the newest of its session. */
    async putRecord(session: SessionRef, version: number, record: object): Promise<void> {
      await scene.archive.putRecord(session, version, JSON.stringify(record));
      const stored = await scene.archive.getLatest(session);
      const latest = {
        ...{ kind: 'conversation.enriched' as const, content_hash: 'sha256:0', announced: true },
        ...{ version, updated_at: null },
      };
      await scene.archive.putLatest(session, latest, stored?.revision);
    },
    /** Serves it over HTTP until the test has ended. */
    async serve() {
      const console = createConsole(options);
      const server = createServer(console.answer);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/console/api`;
      const stop = async () => {
        await console.stop();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      };
      onTestFinished(stop);
      const headers = { 'content-type': 'application/json', 'x-crisp-enrich-console': '1' };
      const post = (path: string, body: object, cookie = '') =>
        fetch(`${url}${path}`, {
          method: 'POST',
          headers: { ...headers, cookie },
          body: JSON.stringify(body),
        });
      const session = await post('/session', { token: TOKEN });
      const cookie = session.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      return {
        url,
        stop,
        cookie,
        get: (path: string, init: Record<string, string> = {}) =>
          fetch(`${url}${path}`, { headers: { cookie, ...init } }),
        post: (path: string, body: object) => post(path, body, cookie),
      };
    },
  };
}

const SESSIONS_QUEUE = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';

/** A record as far as the console reads it. */
export function aRecordOf(nickname: string, ...messages: string[]) {
  return {
    kind: 'conversation.enriched',
    meta: { nickname, email: `${nickname.toLowerCase()}@example.com` },
    messages: messages.map((content) => ({ type: 'text', from: 'user', content })),
  };
}

/** The events of one conversation, from so many hooks to its record. */
export function playHooks(
  { traffic }: Pick<ReturnType<typeof createConsoleScene>, 'traffic'>,
  session: SessionRef,
  {
    hooks = 1,
    messageId = `message of ${toSessionKey(session)}`,
  }: { hooks?: number; messageId?: string } = {},
): void {
  for (let hook = 0; hook < hooks; hook += 1)
    traffic.emit({
      name: 'session-enqueued',
      ...session,
      event: 'message:send',
      mode: 'full',
      messageId,
      bucketMs: 0,
    });
}

export function playFetch(
  { traffic }: Pick<ReturnType<typeof createConsoleScene>, 'traffic'>,
  session: SessionRef,
  { messages = 5, apiCalls = 3, mode = 'full' as const, version = 7 } = {},
): void {
  for (let call = 0; call < apiCalls; call += 1)
    traffic.emit({ name: 'crisp-requested', route: 'website/conversation', status: 200, durationMs: 5 });
  const fetched = { messages, mode, apiCalls, pages: 1, durationMs: 50 };
  traffic.emit({
    ...{ name: 'conversation-fetched', ...session, ...fetched },
    ...{ terminatedBy: 'http_200', coversLatestMessage: true },
  });
  const emitted = { kind: 'conversation.enriched', version, bytes: 100, claimCheck: false };
  traffic.emit({ name: 'record-emitted', ...session, ...emitted });
}
