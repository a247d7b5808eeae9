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
