/** An answer of the API before it is written: status and envelope. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly data: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function resolved(data: unknown): Reply {
  return { status: 200, reason: 'resolved', data };
}

/** A list; 206 says that there is more of it. */
export function listed(data: readonly unknown[], { hasMore }: { hasMore: boolean }): Reply {
  return { status: hasMore ? 206 : 200, reason: 'listed', data };
}

export function refused(status: number, reason: string, message?: string): Reply {
  return { status, reason, data: message === undefined ? {} : { message } };
}

export function invalidData(message: string): Reply {
  return refused(400, 'invalid_data', message);
}

export function routeUnknown(): Reply {
  return refused(404, 'not_found', 'the route does not exist');
}

/** Crisp's envelope as JSON. */
export function toEnvelope({ status, reason, data }: Reply): string {
  return JSON.stringify({ error: status >= 400, reason, data });
}
