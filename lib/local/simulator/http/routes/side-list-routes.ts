import type { FileContent } from '../../model/message.ts';
import type { StoredConversation } from '../../store/create-store.ts';
import { pageOf } from '../page-of.ts';
import type { Route } from '../route.ts';

/** Numbered lists beside a conversation: visited pages, custom events, files. */
export const SIDE_LIST_ROUTES: readonly Route[] = [
  toRoute('pages', 'website:conversation:pages', true, ({ visitedPages }) => visitedPages),
  toRoute('events', 'website:conversation:events', true, ({ events }) => events),
  toRoute('files', 'website:conversation:messages', false, toFiles),
];

function toRoute(
  name: string,
  scope: string,
  isScopeConfirmed: boolean,
  itemsOf: (stored: StoredConversation) => readonly unknown[],
): Route {
  return {
    name,
    path: `website/:website_id/conversation/:session_id/${name}/:page`,
    scope,
    isScopeConfirmed,
    about: 'conversation',
    answer: ({ stored, params, switches }) =>
      pageOf(itemsOf(stored), params.page, {
        pageSize: Math.max(1, switches.listPageSize),
        beyondEnd: switches.pageBeyondEnd,
        status: switches.listStatus,
      }),
  };
}

function toFiles({ messages }: StoredConversation) {
  return messages.flatMap(({ type, content, fingerprint, timestamp }) =>
    type === 'file' && isFile(content) ? [{ ...content, fingerprint, timestamp }] : [],
  );
}

function isFile(content: object | string): content is FileContent {
  return typeof content === 'object' && 'url' in content && 'name' in content;
}
