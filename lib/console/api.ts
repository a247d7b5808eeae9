import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, Hono } from 'hono';
import * as z from 'zod/mini';
import { parseSessionRef } from '../ids.ts';
import { type ConsoleContext, type ConsoleOptions, openContext, toConfirmation } from './context.ts';
import { readConversation, readVersion } from './conversation.ts';
import { ConsoleProblem } from './guard.ts';
import {
  listLetters,
  type Page,
  readDeadLetters,
  readLines,
  readRuns,
  search,
  toLine,
  toWanted,
} from './lists.ts';
import { readOverview } from './overview.ts';
import { createEventStream, type StreamEvent } from './stream.ts';

export interface Env {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}

/** The routes below `/console/api`, behind the guard. */
export interface ConsoleApi {
  readonly mount: (app: Hono<Env>) => void;
  readonly stop: () => Promise<void>;
}

const NEWEST_LINES = 100;

export function createConsoleApi(options: ConsoleOptions): ConsoleApi {
  const { clock } = options;
  const stopping = new AbortController();
  let opening: Promise<ConsoleContext> | undefined;
  let lastOverview = '';

  /** Opened at the first request that needs it; one that failed is tried again. */
  function open(): Promise<ConsoleContext> {
    opening ??= openContext(options, stopping.signal).catch((thrown: unknown) => {
      opening = undefined;
      throw thrown;
    });
    return opening;
  }

  async function takeNews(): Promise<readonly StreamEvent[]> {
    const context = await open();
    const overview = await readOverview(context);
    // Time alone is no news: the curves grow with it, and what is live is always of now.
    const { asOfMs, savings, ...rest } = overview;
    const text = JSON.stringify({ ...rest, ...savings, day: [], asOfMs: overview.isLive ? 0 : asOfMs });
    const isNew = text !== lastOverview;
    lastOverview = text;
    const { traffic, faces, redrives } = context;
    const changed = new Map(traffic.takeChanged().map((line) => [line.session.sessionId as string, line]));
    faces.want([...changed.values()].map(toWanted));
    const named = new Set(context.takeNamed().map(({ sessionId }) => sessionId as string));
    if (named.size > 0) {
      for (const line of traffic.lines())
        if (named.has(line.session.sessionId)) changed.set(line.session.sessionId, line);
    }
    return [
      ...(isNew ? [{ name: 'overview' as const, data: overview }] : []),
      ...[...changed.values()].map((line) => ({ name: 'line' as const, data: toLine(context, line) })),
      ...redrives.takeChanged().map((data) => ({ name: 'redrive' as const, data })),
    ];
  }

  async function readAll(): Promise<readonly StreamEvent[]> {
    const context = await open();
    const { lines } = await readLines(context, { after: undefined, limit: NEWEST_LINES });
    return [
      { name: 'overview', data: await readOverview(context) },
      ...lines.toReversed().map((data) => ({ name: 'line' as const, data })),
      ...context.redrives.list().map((data) => ({ name: 'redrive' as const, data })),
    ];
  }

  const stream = createEventStream({ clock, takeNews, readAll });

  function mount(app: Hono<Env>): void {
    mountReads(app, open);
    mountChanges(app, open);
    app.get('/console/api/events', ({ env }) => {
      stream.open(env.incoming, env.outgoing);
      // Nothing more is written for it: the stream has begun.
      return new Response(null);
    });
  }

  return {
    mount,
    async stop() {
      stopping.abort();
      stream.stop();
      const context = await opening?.catch(() => undefined);
      context?.operations.close();
    },
  };
}

type Open = () => Promise<ConsoleContext>;

function mountReads(app: Hono<Env>, open: Open): void {
  app.get('/console/api/overview', async (c) => c.json(await readOverview(await open())));
  app.get('/console/api/lines', async (c) => c.json(await readLines(await open(), toPage(c, 'before'))));
  app.get('/console/api/runs', async (c) => {
    const { outcome, code, session, since } = c.req.query();
    const sinceMs = since === undefined ? undefined : toNumber('since', since);
    return c.json(await readRuns(await open(), { ...toPage(c, 'before'), outcome, code, session, sinceMs }));
  });
  app.get('/console/api/conversations/:websiteId/:sessionId', async (c) => {
    const { websiteId, sessionId } = c.req.param();
    return c.json(await readConversation(await open(), requireSession(websiteId, sessionId)));
  });
  app.get('/console/api/conversations/:websiteId/:sessionId/versions/:version', async (c) => {
    const { websiteId, sessionId, version } = c.req.param();
    const session = requireSession(websiteId, sessionId);
    const text = await readVersion(await open(), session, toNumber('the version', version));
    return c.body(text, 200, { 'content-type': 'application/json' });
  });
  app.get('/console/api/dead-letters', async (c) => c.json(await readDeadLetters(await open())));
  app.get('/console/api/dead-letters/list', async (c) =>
    c.json(await listLetters(await open(), c.req.query('code'), toPage(c, 'after'))),
  );
  app.get('/console/api/redrives', async (c) => c.json({ redrives: (await open()).redrives.list() }));
  app.get('/console/api/redrives/:id', async (c) => {
    const found = (await open()).redrives.get(c.req.param('id'));
    if (!found) throw new ConsoleProblem('redrive_missing', 'This console has no such redrive');
    return c.json(found);
  });
  app.get('/console/api/search', async (c) => c.json(await search(await open(), c.req.query('q') ?? '')));
}

const confirmShape = { confirm: z.optional(z.string()) };
const pauseSchema = z.object({
  ...confirmShape,
  reason: z.string().check(z.trim(), z.minLength(1), z.maxLength(200)),
});
const resumeSchema = z.object(confirmShape);
const MOST_NAMED = 10_000;
const redriveSchema = z
  .object({
    ...confirmShape,
    key: z.string().check(z.regex(/^[\w-]{8,64}$/)),
    messageIds: z.optional(
      z.array(z.string().check(z.regex(/^[\w-]{1,100}$/))).check(z.minLength(1), z.maxLength(MOST_NAMED)),
    ),
    code: z.optional(z.string().check(z.regex(/^[a-z_]{1,64}$/))),
    all: z.optional(z.literal(true)),
    // The most that SQS moves.
    ratePerSecond: z.optional(z.number().check(z.gt(0), z.lte(500))),
  })
  .check(
    z.refine(
      ({ messageIds, code, all }) => [messageIds, code, all].filter((it) => it !== undefined).length === 1,
    ),
  );

function mountChanges(app: Hono<Env>, open: Open): void {
  app.post('/console/api/redrives', async (c) => {
    const { confirm, ...request } = await readBody(c.env.incoming, redriveSchema);
    const context = await open();
    requireConfirmation(context, confirm);
    return c.json({ id: context.redrives.start(request).id });
  });
  app.post('/console/api/pause', async (c) => {
    const { confirm, reason } = await readBody(c.env.incoming, pauseSchema);
    const context = await open();
    requireConfirmation(context, confirm);
    await context.operations.pause(reason);
    return c.json(await readDeliveries(context));
  });
  app.post('/console/api/resume', async (c) => {
    const { confirm } = await readBody(c.env.incoming, resumeSchema);
    const context = await open();
    requireConfirmation(context, confirm);
    await context.operations.resume();
    return c.json(await readDeliveries(context));
  });
  app.post('/console/api/play', async (c) => {
    const { play } = await open();
    if (!play) throw new ConsoleProblem('simulator_absent', 'There is no simulator to play in');
    play();
    return c.json({});
  });
}

/** Of a deployed stage nothing is changed by one click: its name has to be typed. */
function requireConfirmation({ operations }: ConsoleContext, confirm: string | undefined): void {
  const expected = toConfirmation(operations);
  if (expected === null || confirm === expected) return;
  throw new ConsoleProblem('confirmation_missing', `Type the name of the queue to confirm: ${expected}`);
}

async function readDeliveries(context: ConsoleContext) {
  context.status.expire();
  await context.status.refresh();
  return (await readOverview(context)).bar.deliveries;
}

function requireSession(websiteId: string, sessionId: string) {
  const session = parseSessionRef(websiteId, sessionId);
  if (!session) throw new ConsoleProblem('not_found');
  return session;
}

const USUAL_LIMIT = 50;
const MOST_LIMIT = 500;

function toPage(c: Context<Env>, cursor: 'before' | 'after'): Page {
  const limit = c.req.query('limit');
  const most = limit === undefined ? USUAL_LIMIT : toNumber('limit', limit);
  return { after: c.req.query(cursor), limit: Math.min(MOST_LIMIT, Math.max(1, most)) };
}

function toNumber(name: string, text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw new ConsoleProblem('invalid_request', `${name} must be a whole number`);
  return Number(text);
}

async function readBody<Schema extends z.core.$ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const result = z.safeParse(schema, await readJson(request));
  if (result.success) return result.data;
  const names = [...new Set(result.error.issues.map(({ path }) => String(path[0] ?? 'the body')))];
  throw new ConsoleProblem('invalid_request', `not as it should be: ${names.join(', ').slice(0, 200)}`);
}

const MAX_BODY_BYTES = 1024 * 1024;

/** The JSON object that a request brings. Throws `ConsoleProblem`. */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new ConsoleProblem('body_too_large');
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)),
    );
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's message quotes the text.
  }
  throw new ConsoleProblem('invalid_json', 'the body is not a JSON object in UTF-8');
}
