import { useState } from 'preact/hooks';
import { Text } from './text.tsx';
import { formatCount, plural } from './words.ts';

interface RecordJsonProps {
  readonly value: unknown;
  readonly label: string;
  /** Whether even the outermost level is closed at first. */
  readonly isClosed?: boolean;
}

/** JSON as a tree that opens where it is asked to; what is closed is not drawn. */
export function RecordJson({ value, label, isClosed = false }: RecordJsonProps) {
  return (
    <div class="json">
      <Node name={label} value={value} depth={isClosed ? 2 : 0} isLast />
    </div>
  );
}

const OPEN_DEPTH = 2;
const CHUNK = 100;

interface NodeProps {
  readonly name: string;
  readonly value: unknown;
  readonly depth: number;
  readonly isLast: boolean;
}

function Node({ name, value, depth, isLast }: NodeProps) {
  if (typeof value !== 'object' || value === null) {
    return (
      <div class="json-leaf">
        <Name name={name} />
        <Leaf value={value} />
        {!isLast && ','}
      </div>
    );
  }
  return <Branch name={name} value={value} depth={depth} isLast={isLast} />;
}

function Branch({ name, value, depth, isLast }: NodeProps & { value: object }) {
  const isArray = Array.isArray(value);
  const entries = Object.entries(value);
  const [isOpen, setOpen] = useState(
    depth < OPEN_DEPTH && entries.length > 0 && !(depth > 0 && entries.length > 30),
  );
  const [shown, setShown] = useState(CHUNK);
  const [start, end] = isArray ? ['[', ']'] : ['{', '}'];
  return (
    <div class="json-branch">
      <button type="button" class="json-toggle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span class="json-sign" aria-hidden="true">
          {isOpen ? '▾' : '▸'}
        </span>
        <Name name={name} />
        {start}
        {!isOpen && (
          <>
            <span class="muted"> {plural(entries.length, isArray ? 'item' : 'field')} </span>
            {end}
            {!isLast && ','}
          </>
        )}
      </button>
      {isOpen && (
        <>
          <div class="json-children">
            {entries.slice(0, shown).map(([key, child], index) => (
              <Node
                key={key}
                name={key}
                value={child}
                depth={depth + 1}
                isLast={index === entries.length - 1}
              />
            ))}
            {entries.length > shown && (
              <button type="button" class="button" onClick={() => setShown(shown + CHUNK)}>
                {formatCount(entries.length - shown)} more
              </button>
            )}
          </div>
          {end}
          {!isLast && ','}
        </>
      )}
    </div>
  );
}

function Name({ name }: { name: string }) {
  return (
    <>
      <span class="json-name">
        <Text>{name}</Text>
      </span>
      {': '}
    </>
  );
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value !== 'string') return <span class={`json-${typeof value}`}>{String(value)}</span>;
  const quoted = JSON.stringify(value);
  return (
    <span class="json-string">
      <Text>{quoted}</Text>
    </span>
  );
}

/** Copies a text; says so, and says where the browser refused. */
export function CopyButton({ text, children }: { text: () => string; children: string }) {
  const [words, setWords] = useState<string>();
  const copy = () => {
    navigator.clipboard.writeText(text()).then(
      () => setWords('Copied'),
      () => setWords('The browser refused'),
    );
    setTimeout(() => setWords(undefined), 2000);
  };
  return (
    <button type="button" class="button is-small" onClick={copy} aria-live="polite">
      {words ?? children}
    </button>
  );
}
