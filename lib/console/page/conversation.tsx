import { useEffect } from 'preact/hooks';
import type { Conversation, Session } from '../model.ts';
import { useLoaded } from './api.ts';
import { Customer } from './customer.tsx';
import { LetterCards } from './letter.tsx';
import { Avatar, LiveList } from './lines.tsx';
import { useMedia } from './list.tsx';
import { Messages } from './messages.tsx';
import { type RecordView, readRecord } from './record.ts';
import { CopyButton, RecordJson } from './record-json.tsx';
import { Link, toAddress, useAddress } from './router.tsx';
import { Unreadable } from './state.tsx';
import { toSessionKey, useShared } from './store.ts';
import { Text } from './text.tsx';
import { Timeline } from './timeline.tsx';
import { Versions } from './versions.tsx';
import { formatCount } from './words.ts';

const TABS = ['conversation', 'timeline', 'json', 'versions'] as const;
type Tab = (typeof TABS)[number];
const TAB_NAMES: Readonly<Record<Tab, string>> = {
  conversation: 'Conversation',
  timeline: 'Timeline',
  json: 'JSON',
  versions: 'Versions',
};

/** One conversation, with the live list beside it where there is room. */
export function ConversationView({ session }: { session: Session }) {
  const isWide = useMedia('(min-width: 1200px)');
  return (
    <div class="conversation-columns">
      {isWide && (
        <section class="conversation-list pane" aria-label="Conversations">
          <LiveList open={session} />
        </section>
      )}
      <OneConversation session={session} />
    </div>
  );
}

function OneConversation({ session }: { session: Session }) {
  const { query } = useAddress();
  const tab = TABS.find((name) => name === query.get('tab')) ?? 'conversation';
  const path = `/conversations/${encodeURIComponent(session.websiteId)}/${encodeURIComponent(session.sessionId)}`;
  const { data, error, reload } = useLoaded<Conversation>(path);
  const news = useShared(({ lines, redrives, overview }) => {
    const line = lines?.get(toSessionKey(session));
    const entries = [...redrives.values()].flatMap((redrive) => redrive.entries);
    const states = entries.filter((entry) => entry.session?.sessionId === session.sessionId);
    return `${overview?.deadLetters} ${line?.atMs} ${line?.outcome} ${line?.version} ${states.map(({ state }) => state).join(' ')}`;
  });
  // What is new is a reason to read it again
  useEffect(reload, [news, reload]);
  const isDead = useShared(({ lines }) => lines?.get(toSessionKey(session))?.outcome === 'dead');
  const isLetterMissing = isDead && data?.deadLetters.length === 0;
  // The run says so before the dead-letter queue shows the message.
  useEffect(() => {
    if (!isLetterMissing) return;
    const timer = setInterval(reload, 2000);
    return () => clearInterval(timer);
  }, [isLetterMissing, reload]);
  const name = useShared(({ lines }) => lines?.get(toSessionKey(session))?.name ?? null);
  const record = readRecord(data?.record);

  return (
    <article class="conversation pane" aria-labelledby="conversation-title">
      <ConversationHead
        session={session}
        name={record?.name ?? name}
        email={record?.email ?? null}
        isRead={record !== undefined}
      />
      {error && !data && <Unreadable what="This conversation" error={error} onRetry={reload} />}
      {data?.unread.map((sentence) => (
        <div key={sentence} class="trouble tone-warn">
          {sentence}
        </div>
      ))}
      {data && <LetterCards session={session} letters={data.deadLetters} />}
      {data && (
        <>
          <Tabs
            tab={tab}
            count={{ versions: data.versions.length, conversation: record?.messages.length ?? 0 }}
          />
          <div class={`tab-panel tab-${tab}`}>
            <TabPanel tab={tab} path={path} conversation={data} record={record} />
          </div>
        </>
      )}
    </article>
  );
}

interface HeadProps {
  readonly session: Session;
  readonly name: string | null;
  readonly email: string | null;
  readonly isRead: boolean;
}

function ConversationHead({ session, name, email, isRead }: HeadProps) {
  return (
    <header class="conversation-head">
      <Link href="/console" class="back">
        <span aria-hidden="true">←</span> Flow
      </Link>
      <Avatar name={name} />
      <div class="conversation-who">
        <h1 id="conversation-title">
          <Text>{name ?? (isRead ? 'anonymous visitor' : 'not read yet')}</Text>
        </h1>
        <p class="muted">
          {email !== null && (
            <>
              <Text>{email}</Text>
              {' · '}
            </>
          )}
          <code>{session.sessionId}</code>
        </p>
      </div>
      <CopyButton text={() => session.sessionId}>Copy id</CopyButton>
    </header>
  );
}

function Tabs({ tab, count }: { tab: Tab; count: Readonly<Record<string, number>> }) {
  return (
    <nav class="tabs" aria-label="Parts of the conversation">
      {TABS.map((name) => {
        const query = new URLSearchParams(name === 'conversation' ? {} : { tab: name });
        return (
          <Link
            key={name}
            href={toAddress(location.pathname, query)}
            {...(name === tab && { 'aria-current': 'page' as const })}
          >
            {TAB_NAMES[name]}
            {!!count[name] && <span class="tab-count">{formatCount(count[name])}</span>}
          </Link>
        );
      })}
    </nav>
  );
}

interface PanelProps {
  readonly tab: Tab;
  readonly path: string;
  readonly conversation: Conversation;
  readonly record: RecordView | undefined;
}

const LAST_STEPS = 6;

function TabPanel({ tab, path, conversation, record }: PanelProps) {
  switch (tab) {
    case 'conversation':
      return (
        <>
          <div class="conversation-main">
            {record ? <Messages messages={record.messages} /> : <NoRecord conversation={conversation} />}
          </div>
          <aside class="conversation-side" aria-label="Customer, record and what happened">
            {record && <Customer record={record} />}
            <section>
              <h2 class="label">What happened</h2>
              <Timeline entries={conversation.timeline} max={LAST_STEPS} />
              <p>
                <Link href={`${location.pathname}?tab=timeline`}>The whole timeline</Link>
              </p>
            </section>
          </aside>
        </>
      );
    case 'timeline':
      return <Timeline entries={conversation.timeline} />;
    case 'json':
      if (!record) return <NoRecord conversation={conversation} />;
      return (
        <>
          <CopyButton text={() => JSON.stringify(conversation.record, null, 2)}>Copy JSON</CopyButton>
          <RecordJson value={conversation.record} label="record" />
        </>
      );
    case 'versions':
      return <Versions path={path} versions={conversation.versions} />;
  }
}

function NoRecord({ conversation: { deadLetters, timeline } }: { conversation: Conversation }) {
  return (
    <div class="empty">
      <h2>No record of it yet</h2>
      {deadLetters.length > 0 ? (
        <p>It failed before its first record. The reason is above; a retry fetches the whole conversation.</p>
      ) : timeline.length > 0 ? (
        <p>Its hooks wait until the burst is over; then it is fetched once.</p>
      ) : (
        <p>Nothing is known of this session here. Compare the id with the one in Crisp’s address.</p>
      )}
    </div>
  );
}
