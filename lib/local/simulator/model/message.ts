/** All types that Crisp's REST API knows. */
export const MESSAGE_TYPES = [
  'text',
  'file',
  'animation',
  'audio',
  'picker',
  'field',
  'carousel',
  'note',
  'event',
] as const;

export type MessageType = (typeof MESSAGE_TYPES)[number];
export type MessageFrom = 'user' | 'operator';

export interface FileContent {
  name: string;
  url: string;
  type: string;
}

export interface AnimationContent {
  url: string;
  type: string;
}

export interface AudioContent {
  url: string;
  type: string;
  /** Seconds. */
  duration: number;
}

export interface PickerChoice {
  value: string;
  icon?: string;
  label: string;
  selected: boolean;
  action?: { type: string; target: string };
}

export interface PickerContent {
  id: string;
  text: string;
  choices: PickerChoice[];
  required?: boolean;
}

export interface FieldContent {
  id: string;
  text: string;
  explain: string;
  /** Absent or empty while unanswered. */
  value?: string;
  required?: boolean;
}

export interface CarouselContent {
  text: string;
  targets: {
    title: string;
    description: string;
    image?: string;
    actions: { label: string; url: string }[];
  }[];
}

export interface EventContent {
  namespace: string;
  text?: string;
}

/** What a message of each type contains. */
export interface MessageContents {
  text: string;
  note: string;
  file: FileContent;
  animation: AnimationContent;
  audio: AudioContent;
  picker: PickerContent;
  field: FieldContent;
  carousel: CarouselContent;
  event: EventContent;
}

export type MessageContent = MessageContents[MessageType];

export interface MessageUser {
  type?: string;
  user_id?: string;
  nickname?: string;
  avatar?: string;
}

/** A message as `GET …/messages` returns it. */
export interface CrispMessage {
  session_id: string;
  website_id: string;
  type: MessageType;
  from: MessageFrom;
  origin: string;
  content: MessageContent;
  preview?: {
    url?: string;
    website?: string;
    title?: string;
    preview?: { excerpt?: string };
    stamped?: boolean;
  }[];
  mentions?: string[];
  /** The origin that read it; empty while unread. */
  read: string;
  /** The origin that it was delivered to; empty until then. */
  delivered: string;
  ignored?: Record<string, { type?: string; reason?: string }>;
  edited?: boolean;
  translated?: boolean;
  automated?: boolean;
  stamped: boolean;
  fingerprint: number;
  /** Epoch milliseconds. */
  timestamp: number;
  user: MessageUser;
  references?: { type?: string; name?: string; target?: string }[];
  original?: { original_id?: string };
  properties?: Record<string, string | number | boolean>;
}
