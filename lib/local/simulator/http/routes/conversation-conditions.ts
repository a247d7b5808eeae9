import type { StoredConversation } from '../../store/create-store.ts';

export type Wanted = (stored: StoredConversation) => boolean;

const FLAGS: Readonly<Record<string, Wanted>> = {
  filter_unread: ({ conversation }) => conversation.unread.operator > 0,
  filter_resolved: ({ conversation }) => conversation.state === 'resolved',
  filter_not_resolved: ({ conversation }) => conversation.state !== 'resolved',
  filter_mention: ({ conversation }) => conversation.mentions.length > 0,
  filter_unassigned: ({ conversation }) => conversation.assigned === null,
};

/** The conditions that a query sets beside its dates: a conversation is listed where all hold. */
export function toConditions(query: URLSearchParams): readonly Wanted[] {
  const assignee = query.get('filter_assigned');
  const inbox = query.get('filter_inbox_id');
  const search = query.get('search_query');

  return [
    ...(query.get('include_empty') === '1' ? [] : [hasMessages]),
    ...Object.entries(FLAGS).flatMap(([name, wanted]) => (query.get(name) === '1' ? [wanted] : [])),
    ...(assignee === null ? [] : [isAssignedTo(assignee)]),
    ...(inbox === null ? [] : [isInInbox(inbox)]),
    ...(search === null ? [] : [isFoundBy(search, query.get('search_type'))]),
  ];
}

const hasMessages: Wanted = ({ messages }) => messages.length > 0;

function isAssignedTo(userId: string): Wanted {
  return ({ conversation }) => conversation.assigned?.user_id === userId;
}

function isInInbox(inboxId: string): Wanted {
  return ({ conversation }) => conversation.inbox_id === inboxId;
}

function isFoundBy(search: string, type: string | null): Wanted {
  const lowered = search.toLowerCase();

  return ({ conversation: { meta }, messages }) => {
    if (type === 'segment') return meta.segments.includes(search);
    const texts = messages.map(({ content }) => (typeof content === 'string' ? content : ''));
    return [meta.nickname, meta.email, ...texts].some((text) => text.toLowerCase().includes(lowered));
  };
}
