import { useState } from 'preact/hooks';
import type { Message } from './record.ts';
import { RecordJson } from './record-json.tsx';
import { Text } from './text.tsx';
import { formatDay, formatMoment, formatShortClock, plural } from './words.ts';

const SHOWN = 200;
const GAP_MS = 5 * 60_000;

/** The conversation as the people who had it know it. The newest are shown first where there are many. */
export function Messages({ messages }: { messages: readonly Message[] }) {
  const [count, setCount] = useState(SHOWN);
  const hidden = Math.max(0, messages.length - count);
  if (messages.length === 0) return <p class="empty muted">This conversation has no message yet.</p>;
  return (
    <div class="messages">
      {hidden > 0 && (
        <button type="button" class="button" onClick={() => setCount(count + SHOWN)}>
          Show {plural(Math.min(SHOWN, hidden), 'earlier message')} of {hidden}
        </button>
      )}
      <ol>
        {messages.slice(hidden).map((message, index) => (
          <MessageView key={message.key} message={message} before={messages[hidden + index - 1]} />
        ))}
      </ol>
    </div>
  );
}

function MessageView({ message, before }: { message: Message; before: Message | undefined }) {
  const isNewDay = message.atMs !== null && toDay(message) !== (before && toDay(before));
  const isSameSpeaker =
    !isNewDay &&
    before?.side === message.side &&
    before.author === message.author &&
    before.kind !== 'event' &&
    (before.kind === 'note') === (message.kind === 'note') &&
    (message.atMs ?? 0) - (before.atMs ?? 0) < GAP_MS;
  return (
    <>
      {isNewDay && message.atMs !== null && (
        <li class="day">
          <span>{formatDay(message.atMs)}</span>
        </li>
      )}
      {message.kind === 'event' ? (
        <li class="event">
          <span>
            <Text>{message.text}</Text> <Time message={message} />
          </span>
        </li>
      ) : (
        <li class={`message is-${message.side} is-${message.kind}${isSameSpeaker ? ' is-more' : ''}`}>
          {!isSameSpeaker && <Author message={message} />}
          <div class="bubble">
            <Body message={message} />
          </div>
          {message.marks.length > 0 && <span class="message-marks">{message.marks.join(', ')}</span>}
        </li>
      )}
    </>
  );
}

function toDay({ atMs }: Message): string {
  return atMs === null ? '' : formatDay(atMs);
}

function Author({ message: { author, side, kind, atMs, ...rest } }: { message: Message }) {
  return (
    <div class="author">
      <Text>{author ?? side}</Text>
      {author !== null && side === 'operator' && kind !== 'note' && <span class="muted"> operator</span>}
      {kind === 'note' && <span class="note-label"> private note</span>}
      <Time message={{ author, side, kind, atMs, ...rest }} />
    </div>
  );
}

function Time({ message: { atMs } }: { message: Message }) {
  if (atMs === null) return null;
  return (
    <time class="muted" dateTime={new Date(atMs).toISOString()} title={formatMoment(atMs)}>
      {formatShortClock(atMs)}
    </time>
  );
}

function Body({ message: { kind, text, file, choices, type, raw } }: { message: Message }) {
  switch (kind) {
    case 'file':
      return file ? <FileBox {...file} /> : null;
    case 'choice':
      return (
        <>
          <Text>{text}</Text>
          <ul class="choices">
            {choices.map(({ label, isChosen }) => (
              <li key={label} class={isChosen ? 'is-chosen' : ''}>
                <span aria-hidden="true">{isChosen ? '✓' : '○'}</span> <Text>{label}</Text>
                {isChosen && <span class="unseen"> (chosen)</span>}
              </li>
            ))}
          </ul>
        </>
      );
    case 'other':
      return (
        <div class="unknown-type">
          <span class="muted">
            message of the type <Text>{type}</Text>
          </span>
          {text !== '' && <Text>{text}</Text>}
          <RecordJson value={raw} label="message" isClosed />
        </div>
      );
    default:
      return <Text>{text}</Text>;
  }
}

/** A file by its name: loading it would tell its owner who looks. */
function FileBox({ name, type, url }: NonNullable<Message['file']>) {
  return (
    <div class="file">
      <span class="file-sign" aria-hidden="true">
        ▤
      </span>
      <span class="file-words">
        <Text>{name}</Text>
        <small>
          <Text>{type}</Text> · not loaded
        </small>
        <small class="file-url">
          <Text>{url}</Text>
        </small>
      </span>
    </div>
  );
}
