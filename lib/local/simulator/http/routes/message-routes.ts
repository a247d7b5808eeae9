import { invalidData, listed, type Reply, refused, resolved } from '../reply.ts';
import type { ConversationContext, Route } from '../route.ts';
import { type MessagesCursor, selectMessages } from './select-messages.ts';

const SCOPE = 'website:conversation:messages';
const CURSORS = ['before', 'after', 'around'] as const;

export const MESSAGE_ROUTES: readonly Route[] = [
  {
    name: 'messages',
    path: 'website/:website_id/conversation/:session_id/messages',
    scope: SCOPE,
    about: 'conversation',
    answer: answerMessages,
  },
  {
    name: 'message',
    path: 'website/:website_id/conversation/:session_id/message/:fingerprint',
    scope: SCOPE,
    about: 'conversation',
    answer: ({ stored, params }) => {
      const found = stored.messages.find(({ fingerprint }) => String(fingerprint) === params.fingerprint);
      return found === undefined ? refused(404, 'message_not_found') : resolved(found);
    },
  },
  {
    name: 'original',
    path: 'website/:website_id/conversation/:session_id/original/:original_id',
    scope: SCOPE,
    about: 'conversation',
    answer: ({ stored, params }) => {
      const found = stored.originals.get(params.original_id ?? '');
      return found === undefined ? refused(404, 'original_not_found') : resolved(found);
    },
  },
];

function answerMessages({ stored, query, switches }: ConversationContext): Reply {
  const cursor = parseCursor(query);
  if (typeof cursor === 'string') return invalidData(cursor);

  const { messages, hasMore } = selectMessages(stored.messages, cursor, {
    // A page of nothing would say 206 for ever.
    pageSize: Math.max(1, switches.messagesPageSize),
    boundary: switches.timestampBoundary,
  });
  return listed(messages, { hasMore: hasMore && switches.messagesStatus === 'honest' });
}

function parseCursor(query: URLSearchParams): MessagesCursor | string {
  const given = CURSORS.filter((kind) => query.has(`timestamp_${kind}`));
  const [kind] = given;
  if (kind === undefined) return { kind: 'newest' };
  if (given.length > 1) return 'timestamp_before, timestamp_after and timestamp_around exclude each other';

  const text = query.get(`timestamp_${kind}`) ?? '';
  if (!/^\d{1,15}$/.test(text)) return `timestamp_${kind} is not a timestamp`;
  return { kind, timestamp: Number(text) };
}
