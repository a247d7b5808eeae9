/** The members of a JSON object; undefined where the text is none. */
export function readFields(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `websiteId:sessionId` of a queue message, ours or another producer's; undefined where it names none. */
export function readSessionKey(body: string): string | undefined {
  const fields = readFields(body);
  const websiteId = fields?.websiteId ?? fields?.website_id;
  const sessionId = fields?.sessionId ?? fields?.session_id;
  return typeof websiteId === 'string' && typeof sessionId === 'string'
    ? `${websiteId}:${sessionId}`
    : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** What a conversation says, by the oracle's own reckoning: equal keys say the same. */
export interface Content {
  readonly key: string;
  readonly fingerprints: ReadonlySet<number>;
  /** Of its messages. */
  readonly names: ReadonlySet<string>;
  /** Of the newest message that the conversation itself names; undefined where it names none. */
  readonly latest: number | undefined;
}

/**
 * Of Crisp's conversation object and the messages that go with it. A record passes on what Crisp gave as Crisp gave it,
 * so their fields have one order, and text can be compared with text.
 */
export function toContent(conversation: Fields, messages: readonly unknown[]): Content {
  const about = Object.entries(conversation).filter(([name]) => !NOT_COMPARED.has(name));
  const told = about.map(([name, value]) => [name, NAMES_OPERATORS.has(name) ? omitDeep(value) : value]);
  const said = messages.map(toText).sort();
  return {
    key: `${JSON.stringify(told)}\n${said.join('\n')}`,
    fingerprints: new Set(messages.map(toFingerprint).filter((each) => each !== undefined)),
    names: new Set(toMessageNames(messages)),
    latest: toFingerprint(conversation.preview_message),
  };
}

/** The messages of several pages as one list: of each name as many as one page holds, in their later reading. */
export function joinPages(pages: readonly (readonly unknown[])[]): unknown[] {
  const known = new Map<string, unknown[]>();
  for (const page of pages) {
    for (const [name, read] of Map.groupBy(page, toMessageName))
      if (read.length >= (known.get(name)?.length ?? 0)) known.set(name, read);
  }
  return [...known.values()].flat();
}

/** docs/record.md: what makes two messages the same. Those that agree in all of it are counted. */
export function toMessageNames(messages: readonly unknown[]): string[] {
  return [...Map.groupBy(messages, toMessageName)].flatMap(([name, alike]) =>
    alike.map((_, place) => `${name} ${place}`),
  );
}

function toMessageName(message: unknown): string {
  if (!isFields(message) || message.fingerprint === undefined) return toText(message);
  const { fingerprint, timestamp, type, from } = message;
  return JSON.stringify([fingerprint, timestamp ?? null, type ?? null, from ?? null]);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// docs/record.md: what is ours, what may differ between two readings of the same content, and what is left out.
const NOT_COMPARED = new Set([
  ...['schema', 'kind', 'website_id', 'session_id', 'version', 'content_hash', 'fetched_at', 'messages'],
  ...['profile', 'pages', 'events', 'relations', 'metrics', 'enrichment', 'claim_check'],
  ...['updated_at', 'availability', 'active', 'unread', 'waiting_since'],
  ...['compose', 'browsing', 'browsing_id', 'browsing_token'],
]);
const NAMES_OPERATORS = new Set(['operators', 'operator', 'assigned']);
const KEYPAIR = new Set(['identifier', 'key', 'has_token']);

function toText(message: unknown): string {
  if (!isFields(message)) return JSON.stringify(message);
  const { read: _read, delivered: _delivered, ignored: _ignored, preview: _preview, ...lasting } = message;
  return JSON.stringify(lasting);
}

function omitDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(omitDeep);
  if (!isFields(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !KEYPAIR.has(name));
  return Object.fromEntries(kept.map(([name, member]) => [name, omitDeep(member)]));
}

function toFingerprint(message: unknown): number | undefined {
  const fingerprint = isFields(message) ? message.fingerprint : undefined;
  return typeof fingerprint === 'number' ? fingerprint : undefined;
}
