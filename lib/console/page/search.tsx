import { useEffect, useRef, useState } from 'preact/hooks';
import type { Found } from '../model.ts';
import { useLoaded } from './api.ts';
import { useKeys } from './keys.tsx';
import { Link, toConversationPath } from './router.tsx';
import { toSessionKey } from './store.ts';
import { Text } from './text.tsx';

const WAIT_MS = 120;

/** Takes a session id, an e-mail or a nickname, and lists the conversations that have it. */
export function Search() {
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), WAIT_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const leave = ({ target }: Event) => !box.current?.contains(target as Node) && setOpen(false);
    for (const name of ['pointerdown', 'focusin']) addEventListener(name, leave);
    return () => {
      for (const name of ['pointerdown', 'focusin']) removeEventListener(name, leave);
    };
  }, []);
  useKeys({ '/': () => input.current?.focus() });
  const { data, error } = useLoaded<Found>(
    asked === '' ? undefined : `/search?q=${encodeURIComponent(asked)}`,
  );

  const links = () => [...(box.current?.querySelectorAll<HTMLElement>('a') ?? [])];
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      setOpen(false);
      setText('');
      (document.activeElement as HTMLElement | null)?.blur();
    } else if (event.key === 'Enter' && event.target === input.current) links()[0]?.click();
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const all: HTMLElement[] = [input.current as HTMLElement, ...links()];
      const at = all.indexOf(document.activeElement as HTMLElement) + (event.key === 'ArrowDown' ? 1 : -1);
      all[Math.min(all.length - 1, Math.max(0, at))]?.focus();
      event.preventDefault();
    }
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the field and the links in it
    <div ref={box} class="search" onKeyDown={onKeyDown}>
      <input
        ref={input}
        type="search"
        class="input"
        placeholder="Session, e-mail, nickname"
        aria-label="Search for a session id, an e-mail or a nickname"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
      />
      <span class="search-key" aria-hidden="true">
        /
      </span>
      {isOpen && asked !== '' && (data || error) && (
        <div class="popover search-found">
          {error && <p class="tone-bad">{error.message}</p>}
          {data?.sessions.length === 0 && <p>Nothing that is known here fits.</p>}
          {data && data.sessions.length > 0 && (
            <ul>
              {data.sessions.map(({ session, name, email }) => (
                <li key={toSessionKey(session)}>
                  <Link href={toConversationPath(session)} onFollow={() => setOpen(false)}>
                    <Text>{name ?? 'anonymous visitor'}</Text>
                    <small>
                      <Text>{email ?? session.sessionId}</Text>
                    </small>
                  </Link>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </div>
  );
}
