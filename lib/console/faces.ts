import { type SessionRef, toSessionKey } from '../ids.ts';
import type { Operations } from '../operate/operations.ts';
import { isJsonObject } from '../text.ts';

/** Who a conversation is with, and what was said last: content, which is shown and never logged. */
interface Face {
  readonly version: number;
  readonly name: string | null;
  readonly email: string | null;
  readonly lastMessage: string | null;
}

export interface WantedFace {
  readonly session: SessionRef;
  /** Of this version or a newer one; a version is the moment of the fetch that it came from, epoch ms. */
  readonly sinceVersion: number;
}

/** The faces of conversations, read from the archive as they are needed. */
export interface Faces {
  /** Undefined where it was not read yet. */
  get(session: SessionRef): Face | undefined;
  /** Reads the faces that are not known, or older than a version; waits for none. */
  want(wanted: readonly WantedFace[]): void;
  /** Resolves once nothing is being read. */
  settled(): Promise<void>;
}

const MOST_FACES = 10_000;
const MOST_WANTED = 1000;
const LANES = 4;
const MOST_TEXT = 160;

interface FacesOptions {
  readonly archive: Operations['archive'];
  /** Called with each that was read. */
  readonly onFace: (session: SessionRef) => void;
}

export function createFaces({ archive, onFace }: FacesOptions): Faces {
  const faces = new Map<string, Face>();
  const waiting = new Map<string, SessionRef>();
  let lanes: Promise<void>[] = [];

  async function read(session: SessionRef): Promise<void> {
    const key = toSessionKey(session);
    const { getLatest, getRecord } = await archive();
    const { kind, version } = (await getLatest(session))?.latest ?? {};
    const known = faces.get(key);
    if (version === undefined || known?.version === version) return;
    const text = await getRecord(session, version);
    if (text === undefined) return;
    // Of a removal nothing is said but that it was: people remember the name.
    const isRemoval = kind === 'conversation.removed' && known !== undefined;
    faces.delete(key);
    faces.set(key, isRemoval ? { ...known, version } : toFace(version, JSON.parse(text)));
    if (faces.size > MOST_FACES) faces.delete([...faces.keys()][0] ?? '');
    onFace(session);
  }

  async function work(): Promise<void> {
    for (let [next] = waiting; next; [next] = waiting) {
      waiting.delete(next[0]);
      // A line without a name is better than none; what is wrong with the archive shows elsewhere.
      await read(next[1]).catch(() => undefined);
    }
  }

  return {
    get: (session) => faces.get(toSessionKey(session)),
    want(wanted) {
      for (const { session, sinceVersion } of wanted) {
        const key = toSessionKey(session);
        const isKnown = (faces.get(key)?.version ?? -1) >= sinceVersion;
        if (!isKnown && waiting.size < MOST_WANTED) waiting.set(key, session);
      }
      while (lanes.length < LANES && waiting.size > lanes.length) {
        const lane: Promise<void> = work().finally(() => {
          lanes = lanes.filter((each) => each !== lane);
        });
        lanes.push(lane);
      }
    },
    async settled() {
      while (lanes.length > 0) await Promise.all(lanes);
    },
  };
}

/** Of a record as it stands in the archive: whatever a field is, it is a text or nothing here. */
function toFace(version: number, record: unknown): Face {
  const { meta, messages } = isJsonObject(record) ? record : {};
  const { nickname, email } = isJsonObject(meta) ? meta : {};
  const last = Array.isArray(messages) ? messages.findLast(isSaid) : undefined;
  return {
    version,
    name: toText(nickname),
    email: toText(email),
    lastMessage: last ? toLastMessage(last) : null,
  };
}

/** Events of Crisp's own are no messages. */
function isSaid(message: unknown): boolean {
  return isJsonObject(message) && message.type !== 'event';
}

function toLastMessage(message: unknown): string | null {
  const { content, type } = isJsonObject(message) ? message : {};
  if (typeof content === 'string') return toText(content.replaceAll(/\s+/g, ' '));
  const { text, name } = isJsonObject(content) ? content : {};
  return toText(text) ?? toText(name) ?? toText(type);
}

function toText(value: unknown): string | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  return value.length > MOST_TEXT ? `${[...value.slice(0, MOST_TEXT)].slice(0, -1).join('')}…` : value;
}
