import type { ComponentChildren } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';
import type { Session } from '../model.ts';

/** What the address names. */
export type Route =
  | { readonly view: 'flow' | 'runs' | 'dead-letters' | 'unknown' }
  | { readonly view: 'conversation'; readonly session: Session };

function toRoute(pathname: string): Route {
  const [view = '', websiteId, sessionId, ...rest] = pathname
    .replace(/^\/console\/?/, '')
    .split('/')
    .map(decode);
  if (view === '' && websiteId === undefined) return { view: 'flow' };
  if ((view === 'runs' || view === 'dead-letters') && websiteId === undefined) return { view };
  if (view !== 'conversations' || !websiteId || !sessionId || rest.length > 0) return { view: 'unknown' };
  return { view: 'conversation', session: { websiteId, sessionId } };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function toConversationPath({ websiteId, sessionId }: Session): string {
  return `/console/conversations/${encodeURIComponent(websiteId)}/${encodeURIComponent(sessionId)}`;
}

const CHANGE = 'console-address';

export function navigate(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  dispatchEvent(new Event(CHANGE));
}

/** The address as it is now; what uses it is drawn again when it changes. */
export function useAddress(): { readonly route: Route; readonly query: URLSearchParams } {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    for (const event of ['popstate', CHANGE]) addEventListener(event, redraw);
    return () => {
      for (const event of ['popstate', CHANGE]) removeEventListener(event, redraw);
    };
  }, []);
  return { route: toRoute(location.pathname), query: new URLSearchParams(location.search) };
}

/** Sets some parameters of the address and keeps the rest; an empty one is removed. */
export function setQuery(changes: Readonly<Record<string, string>>, { replace = true } = {}): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  navigate(toAddress(location.pathname, query), { replace });
}

export function toAddress(path: string, query: URLSearchParams): string {
  return query.size === 0 ? path : `${path}?${query}`;
}

interface LinkProps {
  readonly href: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly 'aria-current'?: 'page' | 'true';
  readonly 'aria-label'?: string;
  readonly onFollow?: () => void;
}

/** A link within the console; with a modifier key the browser does with it what it does with any link. */
export function Link({ href, children, onFollow, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onFollow?.();
    navigate(href);
  };
  return (
    <a {...rest} href={href} onClick={follow}>
      {children}
    </a>
  );
}
