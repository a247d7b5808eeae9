import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, getJson } from './api.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

interface Paged<T> {
  /** Undefined until the first page is there. */
  readonly items: readonly T[] | undefined;
  readonly error: ApiError | undefined;
  readonly isWhole: boolean;
  readonly readMore: () => void;
  readonly reload: () => void;
}

/** Pages that are read one after the other as their end comes near. Of another path nothing stays. */
export function usePages<T>(path: string, cursor: string, toPage: (answer: never) => Page<T>): Paged<T> {
  const [state, setState] = useState<{
    path: string;
    items?: readonly T[];
    next?: string | null;
    error?: ApiError;
  }>({ path });
  const [count, setCount] = useState(0);
  const reading = useRef<AbortController>(undefined);
  const convert = useRef(toPage);
  convert.current = toPage;

  const read = useCallback(
    (before: readonly T[], from: string | undefined) => {
      reading.current?.abort();
      const stop = new AbortController();
      reading.current = stop;
      const query =
        from === undefined ? '' : `${path.includes('?') ? '&' : '?'}${cursor}=${encodeURIComponent(from)}`;
      getJson<never>(`${path}${query}`, stop.signal)
        .then(
          (answer) => {
            const { items, next } = convert.current(answer);
            setState({ path, items: [...before, ...items], next });
          },
          (error: unknown) => {
            if (!stop.signal.aborted && error instanceof ApiError)
              setState((old) => ({ ...(old.path === path ? old : { path }), error }));
          },
        )
        .finally(() => {
          if (reading.current === stop) reading.current = undefined;
        });
    },
    [path, cursor],
  );
  // `count` is there to read again
  useEffect(() => {
    read([], undefined);
    return () => reading.current?.abort();
  }, [read, count]);

  const isOf = state.path === path;
  const { items, next } = isOf ? state : {};
  const readMore = useCallback(() => {
    if (items && next != null && !reading.current) read(items, next);
  }, [items, next, read]);
  const reload = useCallback(() => setCount((old) => old + 1), []);
  return { items, error: isOf ? state.error : undefined, isWhole: next === null, readMore, reload };
}
