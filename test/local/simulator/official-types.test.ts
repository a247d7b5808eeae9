import type {
  Conversation,
  ConversationEvent,
  ConversationMessage,
  ConversationPage,
  EventsMap,
  ConversationMeta as OfficialMeta,
  PeopleProfile,
  Website,
} from 'crisp-api';
import { expectTypeOf, test } from 'vitest';
import type { SessionEvents, WebsiteEvents } from '../../../lib/local/simulator/events.ts';
import type {
  ConversationMeta,
  CrispConversation,
  CrispMessage,
  CrispProfile,
  CrispWebsite,
  CustomEvent,
  MessageContents,
  MessageEventFields,
  VisitedPage,
} from '../../../lib/local/simulator/model.ts';

// The compiler does the work: a line that is wrong is an error of `npm run check`.

// The official types were written without strict null checks; null does occur on the wire (avatar, inbox_id, assigned).
type WithoutNull<Value> = Value extends object
  ? Value extends readonly (infer Item)[]
    ? WithoutNull<Item>[]
    : { [Key in keyof Value]: WithoutNull<Exclude<Value[Key], null>> }
  : Value;

test('what the simulator answers has the official client’s types, nulls aside', () => {
  expectTypeOf<WithoutNull<CrispConversation>>().toExtend<Conversation>();
  expectTypeOf<WithoutNull<ConversationMeta>>().toExtend<OfficialMeta>();
  expectTypeOf<WithoutNull<CrispMessage>>().toExtend<ConversationMessage>();
  expectTypeOf<CrispProfile>().toExtend<PeopleProfile>();
  expectTypeOf<CrispWebsite>().toExtend<Website>();
  expectTypeOf<VisitedPage>().toExtend<ConversationPage>();
  expectTypeOf<CustomEvent>().toExtend<ConversationEvent>();
});

test('the simulator’s objects have no field that the official client does not know', () => {
  expectTypeOf<keyof CrispConversation>().toExtend<keyof Conversation>();
  expectTypeOf<keyof CrispMessage>().toExtend<keyof ConversationMessage>();
  expectTypeOf<keyof CrispProfile>().toExtend<keyof PeopleProfile>();
  expectTypeOf<keyof ConversationMeta>().toExtend<keyof OfficialMeta>();
});

test('the nine message types are those of the official client', () => {
  expectTypeOf<keyof MessageContents>().toEqualTypeOf<NonNullable<ConversationMessage['type']>>();
});

type Generic = { website_id: string; session_id: string; inbox_id: string | null };
// The official clients disagree: a list of strings in one, an object that holds it in the other.
type Disagreed = 'session:sync:capabilities';
// Unions by message type: held against their parts below.
type Messages = 'message:send' | 'message:received';
// The official type admits strings and pickers only, though fields are filled in as well.
type Narrower = 'message:updated';
type Agreed = Exclude<keyof SessionEvents, Disagreed | Messages | Narrower>;

test('the events that the simulator emits have the official client’s types', () => {
  expectTypeOf<keyof SessionEvents>().toExtend<keyof EventsMap>();
  expectTypeOf<{ [Name in Agreed]: SessionEvents[Name] & Generic }>().toExtend<Pick<EventsMap, Agreed>>();
  expectTypeOf<{
    [Name in keyof WebsiteEvents]: WebsiteEvents[Name] & { website_id: string };
  }>().toExtend<Pick<EventsMap, keyof WebsiteEvents>>();

  type TextEvent = MessageEventFields & Generic & { type: 'text'; content: string };
  type PickerEvent = MessageEventFields & Generic & { type: 'picker'; content: MessageContents['picker'] };
  expectTypeOf<TextEvent>().toExtend<EventsMap['message:send']>();
  expectTypeOf<PickerEvent>().toExtend<EventsMap['message:received']>();
});
