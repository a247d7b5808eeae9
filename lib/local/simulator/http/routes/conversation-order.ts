import type { StoredConversation } from '../../store/create-store.ts';

type Compare = (a: StoredConversation, b: StoredConversation) => number;

/** The order that a query asks for: newest update first where it asks for none. */
export function toOrder(query: URLSearchParams): Compare {
  if (query.get('order_date_created') === '1') return byCreation;
  return query.get('order_date_waiting') === '1' ? byWaiting : byUpdate;
}

const byCreation: Compare = (a, b) => b.conversation.created_at - a.conversation.created_at;

const byUpdate: Compare = (a, b) => b.conversation.updated_at - a.conversation.updated_at;

// Who has waited longest comes first; who does not wait comes last.
const byWaiting: Compare = (a, b) => waitingSince(a) - waitingSince(b);

function waitingSince({ conversation }: StoredConversation): number {
  return conversation.waiting_since ?? Number.MAX_SAFE_INTEGER;
}
