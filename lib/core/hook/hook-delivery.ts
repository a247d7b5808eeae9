/** One HTTP request at the webhook's door, before anything about it is believed. */
export interface HookDelivery {
  readonly method: string;
  readonly path: string;
  /** Raw query without the question mark; it may hold the URL key and is never logged. */
  readonly query: string;
  /** Names in lower case; values of a repeated header are joined by a comma, as Lambda does. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Text as received; empty where there is none. */
  readonly body: string;
  readonly isBase64: boolean;
}
