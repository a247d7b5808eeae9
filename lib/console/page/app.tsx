import { useEffect, useState } from 'preact/hooks';
import { Bar } from './bar.tsx';
import { ConversationView } from './conversation.tsx';
import { DeadLettersView } from './dead-letters.tsx';
import { Flow } from './flow.tsx';
import { Help, useKeys } from './keys.tsx';
import { Link, navigate, type Route, useAddress } from './router.tsx';
import { RunsView } from './runs.tsx';
import { type Connection, toSessionKey, useShared } from './store.ts';

const TITLES: Readonly<Record<Route['view'], string>> = {
  flow: 'Flow',
  conversation: 'Conversation',
  runs: 'Runs',
  'dead-letters': 'Dead letters',
  unknown: 'Not found',
};

export function App({ opened }: { opened: Promise<void> }) {
  const { route } = useAddress();
  const connection = useShared((shared) => shared.connection);
  const [isOpen, setOpen] = useState(false);
  const [isHelpShown, setHelpShown] = useState(false);
  useEffect(() => void opened.then(() => setOpen(true)), [opened]);
  useEffect(() => {
    document.title = `${TITLES[route.view]} · crisp-enrich`;
  }, [route.view]);
  useKeys({
    '?': () => setHelpShown(true),
    1: () => navigate('/console'),
    2: () => navigate('/console/runs'),
    3: () => navigate('/console/dead-letters'),
  });

  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <Bar route={route} onHelp={() => setHelpShown(true)} />
      <Trouble connection={connection} />
      <main id="main" tabIndex={-1} class={`view view-${route.view}`}>
        {isOpen && connection !== 'locked' && <View route={route} />}
      </main>
      {isHelpShown && <Help onClose={() => setHelpShown(false)} />}
    </>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'flow':
      return <Flow />;
    case 'conversation':
      return <ConversationView key={toSessionKey(route.session)} session={route.session} />;
    case 'runs':
      return <RunsView />;
    case 'dead-letters':
      return <DeadLettersView />;
    case 'unknown':
      return (
        <div class="empty">
          <h1>There is nothing at this address</h1>
          <p>
            <Link href="/console">To the flow</Link>
          </p>
        </div>
      );
  }
}

/** What keeps the page from being right, and what to do about it. */
function Trouble({ connection }: { connection: Connection }) {
  const unread = useShared((shared) => shared.overview?.bar.unread);
  const isLocal = useShared((shared) => shared.overview?.bar.isLocal ?? true);
  const start = isLocal ? 'npm start' : 'crisp-enrich console';
  return (
    <div role="status">
      {connection === 'lost' && (
        <div class="trouble tone-bad">
          <strong>crisp-enrich does not answer.</strong> It was stopped, or is starting: <code>{start}</code>.
          What you see is the last that was known; this page comes back by itself.
        </div>
      )}
      {connection === 'locked' && (
        <div class="trouble tone-warn">
          <strong>This page needs the address that the start has printed.</strong> Each start makes a new one.
          Look for “console” in the terminal where <code>{start}</code> runs, and open that address here.
        </div>
      )}
      {connection === 'live' &&
        unread?.map((sentence) => (
          <div key={sentence} class="trouble tone-warn">
            {sentence}
          </div>
        ))}
    </div>
  );
}
