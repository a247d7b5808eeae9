import { expect, test } from 'vitest';
import { untilAborted } from '../../../lib/adapters/crisp/until-aborted.ts';

const never = new Promise(() => {});

test('an abort is heard while nothing else happens', async () => {
  const stop = new AbortController();
  const waiting = untilAborted(never, stop.signal);

  stop.abort(new Error('too late'));

  await expect(waiting).rejects.toThrow('too late');
});

test('an abort that came before is heard', async () => {
  await expect(untilAborted(never, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
});

test('without an abort the work decides', async () => {
  const { signal } = new AbortController();

  await expect(untilAborted(Promise.resolve(7), signal)).resolves.toBe(7);
  await expect(untilAborted(Promise.reject(new Error('its own')), signal)).rejects.toThrow('its own');
});
