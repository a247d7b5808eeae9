import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../lib/clock.ts';
import type { Conversation, Letter, Line, Overview, Redrive, RunRow } from '../../../lib/console/model.ts';
import { createConsole } from '../../../lib/console/server.ts';
import {
  aConversation,
  aGroup,
  aLetter,
  aLine,
  anOverview,
  aRun,
  aTimeline,
  FAILURE,
  NOW_MS,
} from './invented.ts';

/** What the page is told; a test changes it, and sends events of it. */
export interface MockData {
  overview: Overview;
  lines: readonly Line[];
  runs: readonly RunRow[];
  letters: readonly Letter[];
  redrives: readonly Redrive[];
  conversation: (sessionId: string) => Conversation;
}

export interface MockConsole {
  readonly url: string;
  readonly data: MockData;
  readonly posts: { path: string; body: unknown }[];
  readonly send: (event: string, data: unknown) => void;
  readonly stop: () => Promise<void>;
}

export function aMockData(): MockData {
  const failed = aLine(2, {
    outcome: 'dead',
    failure: FAILURE,
    name: 'Sana Whitlock',
    version: null,
    calls: 5,
    fetches: 0,
  });
  const lines = Array.from({ length: 40 }, (_, index) => (index === 2 ? failed : aLine(index)));
  const letters = [
    aLetter(2),
    aLetter(9),
    aLetter(11, { code: 'response_too_large', words: 'The answer has 9.2 MB' }),
  ];
  return {
    overview: anOverview(),
    lines,
    runs: Array.from({ length: 60 }, (_, index) => aRun(index)),
    letters,
    redrives: [],
    conversation: (sessionId) => {
      const index = Number(sessionId.slice(8, 16));
      if (index !== 2) return aConversation(index);
      return aConversation(2, {
        record: null,
        versions: [],
        timeline: aTimeline(null),
        deadLetters: [aLetter(2)],
      });
    },
  };
}

/** The console's page over invented data: for what a pipeline does not show on demand. Port 0 is a free one. */
export async function startMockConsole(data = aMockData(), port = 0): Promise<MockConsole> {
  const streams = new Set<ServerResponse>();
  const posts: MockConsole['posts'] = [];
  const page = createConsole({
    token: randomBytes(16).toString('hex'),
    // The page and its assets are asked for alone.
    connect: () => new Promise(() => {}),
    clock: systemClock,
  });
  const server = createServer(async (incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://mock');
    if (!pathname.startsWith('/console/api/')) return page.answer(incoming, outgoing);
    const path = pathname.slice('/console/api'.length);
    if (path === '/events') {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      outgoing.write(': open\n\n');
      streams.add(outgoing.on('close', () => streams.delete(outgoing)));
      return;
    }
    if (incoming.method === 'POST') posts.push({ path, body: await readBody(incoming) });
    const answer = toAnswer(data, path, searchParams);
    outgoing.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify(answer ?? { status: 404, code: 'not_found', title: 'not found' }));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/console`,
    data,
    posts,
    send: (event, sent) => {
      for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(sent)}\n\n`);
    },
    stop: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function toAnswer(data: MockData, path: string, query: URLSearchParams): unknown {
  const limit = Number(query.get('limit') ?? 200);
  const [, room, id, session, , version] = path.split('/');
  if (path === '/dead-letters/list') {
    const code = query.get('code');
    const letters = data.letters.filter((letter) => code === null || letter.code === code);
    const from = Number(query.get('after') ?? 0);
    return {
      letters: letters.slice(from, from + limit),
      next: from + limit < letters.length ? String(from + limit) : null,
    };
  }
  switch (room) {
    case 'session':
    case 'play':
      return {};
    case 'overview':
      return data.overview;
    case 'lines':
      return { lines: data.lines.slice(0, Math.max(limit, data.lines.length)), next: null };
    case 'runs': {
      const from = Number(query.get('before') ?? 0);
      const runs = data.runs.filter(({ outcome }) => (query.get('outcome') ?? outcome) === outcome);
      return {
        runs: runs.slice(from, from + limit),
        next: from + limit < runs.length ? String(from + limit) : null,
        isCut: false,
        asOfMs: NOW_MS,
      };
    }
    case 'redrives':
      return id === undefined
        ? { redrives: data.redrives }
        : (data.redrives.find((it) => it.id === id) ?? { id: 'redrive-1' });
    case 'dead-letters': {
      const codes = [...new Set(data.letters.map(({ code }) => code))];
      const groups = codes.map((code) =>
        aGroup({ code, count: data.letters.filter((letter) => letter.code === code).length }),
      );
      const isWhole = data.letters.length >= (data.overview.deadLetters ?? 0);
      const missing = isWhole ? null : 'The next look follows by itself.';
      return { groups, total: data.letters.length, asOfMs: NOW_MS, isWhole, missing };
    }
    case 'conversations': {
      const conversation = data.conversation(session ?? '');
      if (version === undefined) return conversation;
      const record = conversation.record as { messages: unknown[]; version: number };
      const isNewest = Number(version) === conversation.versions[0]?.version;
      return isNewest
        ? record
        : { ...record, version: Number(version), state: 'pending', messages: record.messages.slice(0, -2) };
    }
    case 'pause':
      return { state: 'paused', reason: 'paused in the console', sinceMs: NOW_MS, nextLookMs: null };
    case 'resume':
      return { state: 'flowing', reason: null, sinceMs: null, nextLookMs: null };
    case 'search':
      return {
        sessions: data.lines
          .slice(0, 3)
          .map(({ session: found, name }) => ({ session: found, name, email: null })),
      };
    default:
      return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}');
}
