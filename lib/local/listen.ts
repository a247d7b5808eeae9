import { type RequestedPort, UsageError } from './options.ts';

/**
 * Listens on the requested port. A default port that is in use gives way to any free one; one that was asked for is
 * answered with a `UsageError`, because somebody counts on it.
 */
export async function listenOrGiveWay<Server>(
  { port, isDefault }: RequestedPort,
  listen: (port: number) => Promise<Server>,
): Promise<Server> {
  try {
    return await listen(port);
  } catch (error) {
    if (!isInUse(error)) throw error;
    if (isDefault) return listen(0);
    throw new UsageError(`port ${port} is in use (try 0 for a free one)`, { cause: error });
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

const LOOK_EVERY_MS = 250;

/**
 * Resolves when somebody wants this process to end: by SIGINT or SIGTERM, or, where npm started it, by ending npm. Its
 * shell does not pass signals on, and a process left behind would keep the ports.
 */
export function untilStopped({ isRunByNpm }: { readonly isRunByNpm: boolean }): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    if (isRunByNpm) setInterval(() => process.ppid !== parent && resolve(), LOOK_EVERY_MS).unref();
  });
}
