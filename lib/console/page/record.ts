// Reads a record leniently: its content is Crisp's and its visitors', and a field may be missing or of any type.

type Fields = Readonly<Record<string, unknown>>;

/** A record as the views show it. */
export interface RecordView {
  readonly isRemoved: boolean;
  readonly reason: string | null;
  readonly name: string | null;
  readonly email: string | null;
  readonly avatar: string | null;
  readonly segments: readonly string[];
  /** What is known of the customer beyond name and e-mail. */
  readonly customer: readonly Row[];
  /** The customer's custom data. */
  readonly data: readonly Row[];
  readonly conversation: readonly Row[];
  readonly messages: readonly Message[];
  readonly proof: Proof | undefined;
}

export type Row = readonly [label: string, value: string];

interface Proof {
  readonly isComplete: boolean;
  readonly pages: number;
  readonly endedBy: string;
  readonly hasNewest: boolean | null;
  readonly mode: string;
  readonly calls: number;
  readonly isProfileCached: boolean;
  readonly fetchedAtMs: number | null;
  readonly oddFields: number;
}

export interface Message {
  readonly key: string;
  readonly side: 'visitor' | 'operator';
  /** `choice`: a question with answers to pick. `other`: a type that this page does not know. */
  readonly kind: 'text' | 'note' | 'event' | 'file' | 'choice' | 'other';
  readonly type: string;
  readonly author: string | null;
  readonly atMs: number | null;
  readonly text: string;
  readonly marks: readonly string[];
  readonly file: { readonly name: string; readonly type: string; readonly url: string } | undefined;
  readonly choices: readonly { readonly label: string; readonly isChosen: boolean }[];
  readonly raw: unknown;
}

export function readRecord(record: unknown): RecordView | undefined {
  if (typeof record !== 'object' || record === null) return undefined;
  const fields = toFields(record);
  const meta = toFields(fields.meta);
  const profile = toFields(fields.profile);
  const person = toFields(profile.person);
  return {
    isRemoved: fields.kind === 'conversation.removed',
    reason: toText(fields.reason),
    name: toText(meta.nickname) ?? toText(person.nickname),
    email: toText(meta.email) ?? toText(profile.email),
    avatar: toText(meta.avatar) ?? toText(person.avatar),
    segments: toList(meta.segments).map(String),
    customer: toRows([
      ['phone', meta.phone ?? person.phone],
      ['address', meta.address ?? person.address],
      ['company', toFields(profile.company).name],
      ['role', toFields(person.employment).title],
      ['place', toPlace(toFields(person.geolocation))],
      ['languages', toList(person.locales).join(', ')],
      ['IP', meta.ip],
      ['notepad', profile.notepad],
    ]),
    data: toRows(Object.entries(toFields(meta.data))),
    conversation: toRows([
      ['state', fields.state],
      ['subject', meta.subject],
      ['topic', fields.topic],
      ['channel', meta.origin],
      ['inbox', fields.inbox_id],
      ['verified', fields.is_verified],
      ['blocked', fields.is_blocked === true ? true : null],
    ]),
    messages: toList(fields.messages).map(toMessage),
    proof: toProof(fields),
  };
}

function toProof({ enrichment, fetched_at }: Fields): Proof | undefined {
  if (typeof enrichment !== 'object' || enrichment === null) return undefined;
  const fields = toFields(enrichment);
  const fetchedAtMs = Date.parse(toText(fetched_at) ?? '');
  return {
    isComplete: fields.complete === true,
    pages: toNumber(fields.pages) ?? 0,
    endedBy: toText(fields.terminated_by) ?? '',
    hasNewest: typeof fields.covers_latest_message === 'boolean' ? fields.covers_latest_message : null,
    mode: toText(fields.mode) ?? '',
    calls: toNumber(fields.api_calls) ?? 0,
    isProfileCached: fields.profile_cached === true,
    fetchedAtMs: Number.isNaN(fetchedAtMs) ? null : fetchedAtMs,
    oddFields: toList(fields.odd_fields).length,
  };
}

function toMessage(raw: unknown, index: number): Message {
  const message = toFields(raw);
  const type = toText(message.type) ?? 'unknown';
  const content = toFields(message.content);
  return {
    key: `${index}-${String(message.fingerprint ?? '')}`,
    side: message.from === 'operator' ? 'operator' : 'visitor',
    type,
    author: toText(toFields(message.user).nickname),
    atMs: toNumber(message.timestamp),
    marks: toMarks(message),
    file: undefined,
    choices: [],
    raw,
    ...toContent(type, message.content, content),
  };
}

type Content = Pick<Message, 'kind' | 'text'> & Partial<Pick<Message, 'file' | 'choices'>>;

function toContent(type: string, whole: unknown, content: Fields): Content {
  const text = toText(content.text) ?? '';
  switch (type) {
    case 'text':
    case 'note':
      return typeof whole === 'string' ? { kind: type, text: whole } : { kind: 'other', text: '' };
    case 'file':
    case 'animation':
    case 'audio':
      return { kind: 'file', text: '', file: toFile(type, content) };
    case 'event':
      return { kind: 'event', text: [toText(content.namespace), text].filter(Boolean).join(' · ') };
    case 'picker':
      return { kind: 'choice', text, choices: toList(content.choices).map(toChoice) };
    case 'field':
      return { kind: 'choice', text, choices: toAnswer(toText(content.value)) };
    case 'carousel':
      return { kind: 'choice', text, choices: toList(content.targets).map(toChoice) };
    default:
      return { kind: 'other', text: typeof whole === 'string' ? whole : '' };
  }
}

function toFile(type: string, content: Fields): NonNullable<Message['file']> {
  const { name, type: mime, url, duration } = content;
  const seconds = toNumber(duration);
  return {
    name: toText(name) ?? (seconds === null ? type : `${type}, ${seconds} s`),
    type: toText(mime) ?? type,
    url: toText(url) ?? '',
  };
}

function toChoice(choice: unknown): Message['choices'][number] {
  const { label, title, selected } = toFields(choice);
  return { label: toText(label) ?? toText(title) ?? '', isChosen: selected === true };
}

function toAnswer(value: string | null): Message['choices'] {
  return [value === null ? { label: 'not answered', isChosen: false } : { label: value, isChosen: true }];
}

function toMarks({ edited, automated, translated }: Fields): readonly string[] {
  const marks: readonly (readonly [unknown, string])[] = [
    [edited, 'edited'],
    [automated, 'automated'],
    [translated, 'translated'],
  ];
  return marks.flatMap(([isSet, word]) => (isSet === true ? [word] : []));
}

function toPlace({ city, region, country }: Fields): string {
  return [city, region, country].map(toText).filter(Boolean).join(', ');
}

/** Empty values say nothing, and are left out. */
function toRows(rows: readonly (readonly [string, unknown])[]): readonly Row[] {
  return rows.flatMap(([label, value]): Row[] => {
    if (value === null || value === undefined || value === '') return [];
    if (typeof value === 'boolean') return [[label, value ? 'yes' : 'no']];
    return [[label, typeof value === 'object' ? JSON.stringify(value) : String(value)]];
  });
}

export function toFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function toNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
