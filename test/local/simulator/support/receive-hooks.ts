import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ReceivedHook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawBody: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly websiteId: string;
  readonly timestamp: number;
}

export interface HookReceiver {
  readonly url: string;
  readonly received: ReceivedHook[];
  /** Status of the answers to come, in order; the last one stays. `hang` never answers. */
  answerWith(...statuses: (number | 'hang')[]): void;
  /** Resolves once so many hooks have come, or rejects with the test's own timeout. */
  waitFor(count: number): Promise<void>;
}

/** An endpoint that notes every hook. */
export async function receiveHooks(): Promise<HookReceiver> {
  const received: ReceivedHook[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let statuses: (number | 'hang')[] = [200];

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const rawBody = Buffer.concat(chunks).toString('utf8');
    const { event, data, timestamp, website_id } = JSON.parse(rawBody);
    received.push({
      url: request.url ?? '',
      headers: request.headers,
      rawBody,
      event,
      data,
      timestamp,
      websiteId: website_id,
    });
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    if (typeof status === 'number') response.writeHead(status).end();
    for (const { count, resolve } of waiting) if (received.length >= count) resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answerWith(...next) {
      statuses = next;
    },
    waitFor: (count) =>
      received.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve })),
  };
}
