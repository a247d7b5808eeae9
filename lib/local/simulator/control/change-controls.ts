import * as z from 'zod';
import type { ConversationChangeKind, ConversationChanges } from '../actions/change-conversation.ts';
import { type Control, SessionBody, toControl, toSession } from './control.ts';

const data = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const operator = z.object({ user_id: z.string(), nickname: z.string().exactOptional() });
const text = z.string().exactOptional();

const SCHEMAS: { readonly [Kind in ConversationChangeKind]: z.ZodType<ConversationChanges[Kind]> } = {
  routing: z.strictObject({ userId: z.string().nullable() }),
  inbox: z.strictObject({ inboxId: z.string().nullable() }),
  participants: z.strictObject({
    participants: z.array(z.strictObject({ type: z.string(), target: z.string() })),
  }),
  mentions: z.strictObject({ mentions: z.array(z.string()) }),
  block: z.strictObject({ isBlocked: z.boolean() }),
  verify: z.strictObject({ isVerified: z.boolean() }),
  topic: z.strictObject({ topic: z.string() }),
  rating: z.strictObject({ stars: z.number(), comment: text }),
  availability: z.strictObject({ availability: z.enum(['online', 'offline']) }),
  opened: z.strictObject({ operator }),
  closed: z.strictObject({ operator }),
  page: z.strictObject({ title: z.string(), url: z.string() }),
  event: z.strictObject({ text: z.string(), color: text, data: data.exactOptional() }),
  compose: z.strictObject({
    from: z.enum(['user', 'operator']),
    type: z.enum(['start', 'stop']),
    excerpt: text,
  }),
};

const MetaBody = z.strictObject({
  nickname: text,
  email: text,
  phone: text,
  address: text,
  subject: text,
  avatar: text,
  segments: z.array(z.string()).exactOptional(),
  data: data.exactOptional(),
});

/** `change-{kind}` for each kind of change, and `set-meta`. */
export const CHANGE_CONTROLS: readonly Control[] = [
  toControl(
    'set-meta',
    '{ session_id, change: { nickname?, email?, phone?, address?, subject?, avatar?, segments?, data? } }: sets the meta',
    SessionBody.extend({ change: MetaBody }),
    (simulator, { change, ...session }) => {
      simulator.setMeta(toSession(simulator, session), change);
      return undefined;
    },
  ),
  toChangeControl('routing'),
  toChangeControl('inbox'),
  toChangeControl('participants'),
  toChangeControl('mentions'),
  toChangeControl('block'),
  toChangeControl('verify'),
  toChangeControl('topic'),
  toChangeControl('rating'),
  toChangeControl('availability'),
  toChangeControl('opened'),
  toChangeControl('closed'),
  toChangeControl('page'),
  toChangeControl('event'),
  toChangeControl('compose'),
];

function toChangeControl<Kind extends ConversationChangeKind>(kind: Kind): Control {
  const schema = SCHEMAS[kind];

  return {
    name: `change-${kind}`,
    about: `{ session_id, change: { … } }: changes the ${kind} of a conversation`,
    act(simulator, body) {
      const { change, ...session } = SessionBody.extend({ change: z.unknown() }).parse(body);
      simulator.changeConversation(toSession(simulator, session), kind, schema.parse(change));
      return {};
    },
  };
}
