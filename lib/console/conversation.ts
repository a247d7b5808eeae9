import type { SessionRef } from '../ids.ts';
import { type ConsoleContext, toSentence } from './context.ts';
import { ConsoleProblem } from './guard.ts';
import { toLetter } from './lists.ts';
import type { Conversation, TimelineEntry } from './model.ts';

const MOST_RUNS = 200;
const MOST_VERSIONS = 100;

/** All that is known of one conversation: its newest record, and its story. */
export async function readConversation(context: ConsoleContext, session: SessionRef): Promise<Conversation> {
  const { operations, letters, traffic } = context;
  // Whoever opens it wants to see it now: a look that is due goes on beside it.
  letters.refresh().catch(() => undefined);
  const { websiteId, sessionId } = session;
  const dead = letters
    .list()
    .filter((it) => it.session?.websiteId === websiteId && it.session.sessionId === sessionId);
  const hooks = traffic.hooksOf(session);
  const unread: string[] = [];
  const deadLetters = dead.map((letter) => ({ ...letter, body: '' }));
  const story = await operations
    .readStory(session, { limit: MOST_RUNS, hooks, deadLetters })
    .catch((thrown) => {
      unread.push(toSentence(thrown));
      return { latest: undefined, versions: [], timeline: [] };
    });
  const record = await readRecord(context, session, story.latest?.version).catch((thrown) => {
    unread.push(toSentence(thrown));
    return null;
  });
  const isUnknown =
    unread.length === 0 && story.timeline.length === 0 && record === null && dead.length === 0;
  if (isUnknown) throw new ConsoleProblem('conversation_missing', 'Nothing is known of such a conversation');
  return {
    session,
    record,
    versions: story.versions
      .slice(-MOST_VERSIONS)
      .reverse()
      .map((version) => ({ version, atMs: version })),
    timeline: story.timeline.map(toEntry),
    deadLetters: dead.map((letter) => toLetter(context, letter)),
    unread,
  };
}

/** The text of one version of its record. Throws `ConsoleProblem`. */
export async function readVersion(
  { operations }: ConsoleContext,
  session: SessionRef,
  version: number,
): Promise<string> {
  const archive = await operations.archive();
  const text = await archive.getRecord(session, version);
  if (text === undefined) throw new ConsoleProblem('version_missing', 'The archive has no such version');
  return text;
}

async function readRecord(
  { operations }: ConsoleContext,
  session: SessionRef,
  version: number | undefined,
): Promise<unknown> {
  if (version === undefined) return null;
  const archive = await operations.archive();
  const text = await archive.getRecord(session, version);
  return text === undefined ? null : JSON.parse(text);
}

type Story = Awaited<ReturnType<ConsoleContext['operations']['readStory']>>;

function toEntry(entry: Story['timeline'][number]): TimelineEntry {
  const nothing = { calls: null, durationMs: null, version: null, code: null, nextMs: null, messageId: null };
  return { ...nothing, ...entry };
}
