import type { Reply } from '../reply.ts';
import { resolved } from '../reply.ts';
import type { ConversationContext, Route } from '../route.ts';

const PATH = 'website/:website_id/conversation/:session_id';
const SESSIONS = 'website:conversation:sessions';
const ACTIONS = 'website:conversation:actions';

/** Reads of one conversation that answer an object. */
export const CONVERSATION_ROUTES: readonly Route[] = [
  {
    name: 'conversation',
    path: PATH,
    hasHead: true,
    scope: SESSIONS,
    about: 'conversation',
    answer: ({ stored }) => resolved(stored.conversation),
  },
  toRoute('meta', SESSIONS, true, ({ stored: { conversation }, switches }) => {
    const { device: _device, ...withoutDevice } = conversation.meta;
    return resolved(switches.metaRoute === 'same' ? conversation.meta : withoutDevice);
  }),
  toRoute('state', 'website:conversation:states', true, ({ stored: { conversation } }) =>
    resolved({ state: conversation.state }),
  ),
  toRoute('routing', 'website:conversation:routing', true, ({ stored: { conversation } }) =>
    resolved({ assigned: conversation.assigned }),
  ),
  toRoute('participants', 'website:conversation:participants', true, ({ stored: { conversation } }) =>
    resolved({ participants: conversation.participants }),
  ),
  toRoute('block', ACTIONS, false, ({ stored: { conversation } }) =>
    resolved({ blocked: conversation.is_blocked }),
  ),
  toRoute('verify', ACTIONS, false, ({ stored: { conversation } }) =>
    resolved({ verified: conversation.is_verified, verifications: conversation.verifications }),
  ),
  toRoute('relations', SESSIONS, false, ({ stored: { relations } }) =>
    resolved({ conversations: relations }),
  ),
];

function toRoute(
  name: string,
  scope: string,
  isScopeConfirmed: boolean,
  answer: (context: ConversationContext) => Reply,
): Route {
  return { name, path: `${PATH}/${name}`, scope, isScopeConfirmed, about: 'conversation', answer };
}
