import { errors } from 'undici';
import type { Random } from '../../../lib/local/simulator/random.ts';
import { answering, disturbCrisp, drawScope, refusal } from './crisp-fault.ts';
import { type Fault, HOUR, MINUTE } from './fault.ts';

/** Crisp refuses, fails, or cannot be reached. */
export const AVAILABILITY_FAULTS: readonly Fault[] = [
  {
    id: 'F31',
    title: 'Crisp limits the rate: 429, 420 or 422, with and without Retry-After',
    lastsMs: [10_000, HOUR],
    inject(world, random) {
      const status = random.pick([429, 429, 420, 422]);
      const headers = drawRetryAfter(random);
      return disturbCrisp(world, 'F31', {
        probability: random.pick([0.3, 0.8, 1]),
        random,
        trouble: () => answering(() => refusal(status, 'too_many_requests', headers)),
      });
    },
  },
  {
    id: 'F32',
    title: "The day's quota is spent",
    lastsMs: [30 * MINUTE, 6 * HOUR],
    inject(world, random) {
      const status = random.pick([423, 429]);
      return disturbCrisp(world, 'F32', {
        probability: 1,
        random,
        trouble: () => answering(() => refusal(status, 'quota_limit_exceeded')),
      });
    },
  },
  {
    id: 'F33',
    title: 'Crisp answers 5xx for a while, for up to hours',
    lastsMs: [MINUTE, 6 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F33', {
        matches: drawScope(world, random),
        probability: random.pick([0.2, 0.7, 1]),
        random,
        trouble: () => answering(() => refusal(random.pick([500, 502, 503, 504, 408, 522]), 'server_error')),
      }),
  },
  {
    id: 'F34',
    title: 'The connection is reset: before the headers, or in the middle of the body',
    lastsMs: [MINUTE, 3 * HOUR],
    inject: (world, random) =>
      disturbCrisp(world, 'F34', {
        matches: drawScope(world, random),
        probability: random.pick([0.2, 0.7]),
        random,
        trouble: () => ({
          kind: 'break',
          when: random.pick(['before-headers', 'mid-body']),
          error: () => drawBrokenConnection(random),
        }),
      }),
  },
  {
    id: 'F35',
    title: 'Crisp never answers, or byte by byte',
    inject: (world, random) =>
      disturbCrisp(world, 'F35', {
        probability: random.pick([0.2, 0.7]),
        random,
        trouble: () =>
          random.chance(0.5)
            ? { kind: 'hang' }
            : { kind: 'slow-body', chunks: 12, chunkMs: random.integer(300, 1500) },
      }),
  },
  {
    id: 'F71',
    title: "Crisp's name is not resolved, or its certificate is wrong",
    inject(world, random) {
      const code = random.pick([
        'ENOTFOUND',
        'EAI_AGAIN',
        'ECONNREFUSED',
        'CERT_HAS_EXPIRED',
        'ERR_TLS_CERT_ALTNAME_INVALID',
      ]);
      return disturbCrisp(world, 'F71', {
        probability: 1,
        random,
        trouble: () => ({ kind: 'break', when: 'before-headers', error: () => toCoded(code) }),
      });
    },
  },
];

function drawRetryAfter(random: Random): Record<string, string> {
  const value = random.pick(['', '5', '30', '120', '7200', '-1', 'banana', '999999']);
  return value === '' ? {} : { 'retry-after': value };
}

function drawBrokenConnection(random: Random): Error {
  // A socket that has brought something before was closed while idle: nobody's failure.
  const isReused = random.chance(0.5);
  return random.pick([
    () => toCoded('ECONNRESET'),
    () => toCoded('EPIPE'),
    () => new errors.SocketError('other side closed', { bytesRead: isReused ? 512 : 0 } as never),
  ])();
}

function toCoded(code: string): Error {
  return Object.assign(new Error(`${code} canary-address`), { code });
}
