import * as z from 'zod';
import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../ids.ts';
import { isJsonObject, toPrintable } from '../text.ts';
import type { ApiContext } from './context.ts';
import type { ApiAnswer } from './conversation.ts';
import { ApiProblem } from './problem.ts';
import { createWebsiteFinder } from './sessions.ts';

const MAX_SESSIONS = 1000;

const sessionId = z.string().meta({ example: 'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881' });
const websiteId = z.string().meta({ description: 'Needed where there are several websites.' });

const ITEM_FIELDS = {
  sessionId: sessionId.optional(),
  session_id: sessionId.optional(),
  websiteId: websiteId.optional(),
  website_id: websiteId.optional(),
};

const itemSchema = z.strictObject(ITEM_FIELDS).meta({
  description: 'One session: `sessionId` or `session_id`, and its website where there are several.',
});

const listSchema = z.strictObject({
  sessionIds: z.array(sessionId).min(1).max(MAX_SESSIONS),
  websiteId: websiteId.optional(),
  website_id: websiteId.optional(),
});

export const enqueueRequestSchema = z
  .union([itemSchema, listSchema, z.array(itemSchema).min(1).max(MAX_SESSIONS)])
  .meta({ description: 'One session, a list of ids, or a list of sessions.' });

const enqueuedItemSchema = z.object({
  session_id: z
    .string()
    .nullable()
    .meta({ description: 'Null where the item names none that could be one.' }),
  website_id: z.string().nullable(),
  status: z.enum(['queued', 'rejected']),
  message_id: z
    .string()
    .optional()
    .meta({ description: 'Of the queue; the same for sessions that became one fetch.' }),
  code: z.string().optional().meta({ description: 'Why it was rejected.' }),
  detail: z.string().optional(),
});

export const enqueueAnswerSchema = z.object({
  queued: z.number().int(),
  rejected: z.number().int(),
  items: z.array(enqueuedItemSchema).meta({ description: 'In the order of the request.' }),
});

type EnqueuedItem = z.infer<typeof enqueuedItemSchema>;

/** An item of a request: a session, or why it is none. */
type ReadItem =
  | { readonly session: SessionRef }
  | { readonly rejected: Omit<EnqueuedItem, 'status' | 'message_id'> };

/**
 * Enqueues every session that can be read, and says of each what became of it. Throws `ApiProblem`: `invalid_request`,
 * `too_many_sessions`, before anything is sent; `nothing_queued`, `queue_unavailable` where nothing was.
 */
export async function enqueueConversations(context: ApiContext, request: unknown): Promise<ApiAnswer> {
  const items = toItems(request);
  if (items.length === 0) throw new ApiProblem('invalid_request', { detail: 'no session is named' });
  if (items.length > MAX_SESSIONS) {
    throw new ApiProblem('too_many_sessions', {
      detail: `at most ${MAX_SESSIONS} at once, found ${items.length}`,
    });
  }
  const websites = createWebsiteFinder(context);
  const read: ReadItem[] = [];
  for (const item of items) read.push(await readItem(item, websites));
  return answer(read, await send(context, read));
}

/** The list of items that a body stands for. A field that nobody knows refuses all of it. */
function toItems(request: unknown): readonly unknown[] {
  if (Array.isArray(request)) return request;
  if (!isJsonObject(request)) throw new ApiProblem('invalid_request', { detail: SHAPES });
  if (!('sessionIds' in request)) {
    const unknown = findUnknownField(request, itemSchema);
    if (unknown !== undefined) throw toUnknownField(unknown);
    return [request];
  }
  const { sessionIds, ...rest } = request;
  const unknown = findUnknownField(request, listSchema);
  if (unknown !== undefined) throw toUnknownField(unknown);
  if (!Array.isArray(sessionIds))
    throw new ApiProblem('invalid_request', { detail: 'sessionIds is not a list' });
  return sessionIds.map((sessionId: unknown) => ({ ...rest, sessionId }));
}

const SHAPES = 'expected {"sessionId": …}, {"sessionIds": […]} or a list of objects with sessionId';

function findUnknownField(object: object, { shape }: { readonly shape: object }): string | undefined {
  return Object.keys(object).find((name) => !Object.hasOwn(shape, name));
}

function toUnknownField(name: string): ApiProblem {
  return new ApiProblem('invalid_request', { detail: `unknown field ${toPrintable(name)}` });
}

async function readItem(item: unknown, websites: ReturnType<typeof createWebsiteFinder>): Promise<ReadItem> {
  const reject = (
    code: string,
    detail?: string,
    ids: { session?: string; website?: string } = {},
  ): ReadItem => ({
    rejected: {
      session_id: ids.session ?? null,
      website_id: ids.website ?? null,
      code,
      ...(detail !== undefined && { detail }),
    },
  });
  if (!isJsonObject(item)) return reject('malformed_item', 'expected an object with sessionId');
  const unknown = findUnknownField(item, itemSchema);
  if (unknown !== undefined) return reject('unknown_field', toPrintable(unknown));
  const named = item.sessionId ?? item.session_id;
  if (named === undefined || named === null) return reject('missing_field', 'sessionId');
  if (item.sessionId != null && item.session_id != null && item.sessionId !== item.session_id)
    return reject('ambiguous_field', 'sessionId and session_id differ');
  const session = parseSessionId(named);
  if (!session) return reject('session_id_invalid');
  if (item.websiteId != null && item.website_id != null && item.websiteId !== item.website_id)
    return reject('ambiguous_field', 'websiteId and website_id differ', { session });
  const givenWebsite = item.websiteId ?? item.website_id;
  const website: WebsiteId | undefined = parseWebsiteId(givenWebsite);
  if (givenWebsite != null && !website) return reject('website_id_invalid', undefined, { session });
  const found = await websites.find(website);
  if ('websiteId' in found) return { session: { websiteId: found.websiteId, sessionId: session } };
  const choices = found.choices.length > 0 ? `one of ${found.choices.join(', ')}` : 'none has been seen yet';
  return reject(found.code, choices, { session, ...(website && { website }) });
}

/** What became of each session, in the order of those that could be read. */
async function send(
  { deadLetters: { enqueue } }: ApiContext,
  read: readonly ReadItem[],
): Promise<EnqueuedItem[]> {
  const sessions = read.flatMap((item) => ('session' in item ? [item.session] : []));
  if (sessions.length === 0) return [];
  const enqueued = await enqueue(sessions, 'full').catch((cause: unknown) => {
    throw new ApiProblem('queue_unavailable', { detail: 'nothing was queued', retryAfterSeconds: 5, cause });
  });
  return enqueued.map(({ session, result }) => ({
    session_id: session.sessionId,
    website_id: session.websiteId,
    ...(result.outcome === 'queued'
      ? { status: 'queued', message_id: result.messageId }
      : { status: 'rejected', code: 'queue_unavailable', detail: result.code }),
  }));
}

function answer(read: readonly ReadItem[], sent: readonly EnqueuedItem[]): ApiAnswer {
  const results = sent.values();
  const items = read.map((item): EnqueuedItem => {
    if ('rejected' in item) return { status: 'rejected', ...item.rejected };
    const { value } = results.next();
    if (!value) throw new Error('a session without a result');
    return value;
  });
  const queued = items.filter(({ status }) => status === 'queued').length;
  if (queued === 0) {
    const code = sent.length > 0 ? 'queue_unavailable' : 'nothing_queued';
    throw new ApiProblem(code, { fields: { items }, ...(sent.length > 0 && { retryAfterSeconds: 5 }) });
  }
  return { status: 202, body: JSON.stringify({ queued, rejected: items.length - queued, items }) };
}
