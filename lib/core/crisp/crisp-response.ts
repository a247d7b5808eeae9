/** An answer of Crisp to a GET, as far as its meaning depends on it. */
export interface CrispResponse {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string | undefined;
  readonly retryAfter?: string | undefined;
  readonly location?: string | undefined;
}

export interface ResponseContext {
  readonly nowMs: number;
  /** Where the request went: a redirect may name its target relative to it. */
  readonly requestUrl: URL;
}
