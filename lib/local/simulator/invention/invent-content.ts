import type { MessageContents, MessageFrom, MessageType } from '../model/message.ts';
import type { Random } from '../random.ts';
import { SHOP_TALK } from './shop-talk.ts';

const FILES = 'https://storage.example.com/simulator';

/** Draws a content that suits the type and the sender. */
export function inventContent<Type extends MessageType>(
  type: Type,
  from: MessageFrom,
  random: Random,
): MessageContents[Type] {
  return INVENTORS[type](random, from);
}

const INVENTORS: { [Type in MessageType]: (random: Random, from: MessageFrom) => MessageContents[Type] } = {
  text: (random, from) => random.pick(from === 'user' ? SHOP_TALK.questions : SHOP_TALK.answers),
  note: (random) => random.pick(SHOP_TALK.notes),
  file: (random) => ({
    name: `photo-${random.integer(1, 99)}.jpg`,
    url: `${FILES}/${random.hex(12)}.jpg`,
    type: 'image/jpeg',
  }),
  animation: (random) => ({ url: `${FILES}/${random.hex(12)}.gif`, type: 'image/gif' }),
  audio: (random) => ({
    url: `${FILES}/${random.hex(12)}.webm`,
    type: 'audio/webm',
    duration: random.integer(2, 60),
  }),
  picker: (random) => ({
    id: `picker-${random.hex(6)}`,
    text: 'How would you like your refund?',
    choices: [
      { value: 'card', icon: '💳', label: 'To my card', selected: false },
      { value: 'voucher', label: 'As a voucher', selected: false },
    ],
  }),
  field: (random) => ({
    id: `field-${random.hex(6)}`,
    text: 'Order number',
    explain: 'You find it in the confirmation mail.',
    value: '',
  }),
  carousel: (random) => ({
    text: 'These go well with it:',
    targets: SHOP_TALK.pages.slice(0, random.integer(1, 3)).map(({ page_title, page_url }) => ({
      title: page_title,
      description: `Everything about ${page_title.toLowerCase()}`,
      actions: [{ label: 'Have a look', url: page_url }],
    })),
  }),
  event: () => ({ namespace: 'state:resolved', text: 'resolved the conversation' }),
};
