import { useCallback, useEffect, useState } from 'preact/hooks';

const ROOT = '/console/api';

/** An answer that is none: `code` says why, `status` is 0 where nothing answered at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, words: string) {
    super(words);
    this.status = status;
    this.code = code;
  }
}

export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, { signal: signal ?? null });
}

export function postJson<T>(path: string, body: unknown = {}): Promise<T> {
  return request<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-crisp-enrich-console': '1' },
    body: JSON.stringify(body),
  });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(`${ROOT}${path}`, { ...init, credentials: 'same-origin' }).catch((thrown) => {
    if (init.signal?.aborted) throw thrown;
    throw new ApiError(0, 'unreachable', 'crisp-enrich does not answer.');
  });
  const body: unknown = await response.json().catch((thrown) => {
    if (init.signal?.aborted) throw thrown;
  });
  // The server and this page are of one version, and share these types.
  if (response.ok && body !== undefined) return body as T;
  const { code, detail, title } = (body ?? {}) as { code?: string; detail?: string; title?: string };
  throw new ApiError(response.status, code ?? 'unexpected', detail ?? title ?? `HTTP ${response.status}`);
}

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** What a path answers. While it is asked again the last answer stays; of another path nothing stays. */
export function useLoaded<T>(path: string | undefined): Loaded<T> {
  const [state, setState] = useState<{ path?: string; data?: T; error?: ApiError }>({});
  const [count, setCount] = useState(0);
  // `count` is there to ask again
  useEffect(() => {
    if (path === undefined) return;
    const stop = new AbortController();
    getJson<T>(path, stop.signal).then(
      (data) => setState({ path, data }),
      (error: unknown) => {
        if (stop.signal.aborted || !(error instanceof ApiError)) return;
        setState((old) => ({ ...(old.path === path ? old : { path }), error }));
      },
    );
    return () => stop.abort();
  }, [path, count]);
  const reload = useCallback(() => setCount((old) => old + 1), []);
  const isOf = state.path === path;
  return {
    data: isOf ? state.data : undefined,
    error: isOf ? state.error : undefined,
    isLoading: path !== undefined && !isOf,
    reload,
  };
}
