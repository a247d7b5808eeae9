import type { SessionRef } from '../../ids.ts';
import type { Simulator } from '../simulator/simulator.ts';

// Long enough for a permanent failure to spend its receives, so that its job is in the DLQ when Crisp is well again.
const FAILURE_MS = 30_000;

/** Crisp denies a conversation's messages for a while: its job goes to the DLQ, and a redrive finds Crisp well again. */
export function failForAWhile(
  { faults }: Simulator,
  { sessionId }: SessionRef,
  { wait, say }: { readonly wait: (ms: number) => Promise<void>; readonly say: (text: string) => void },
): void {
  const effect = { kind: 'answer', status: 403, reason: 'not_allowed' } as const;
  const withdraw = faults.add({ effect, route: 'messages', sessionId, times: Number.POSITIVE_INFINITY });
  say(
    `demo: Crisp will refuse the messages of ${sessionId} for ${FAILURE_MS / 1000} s, as if the token lacked a scope; its ` +
      'job goes to the dead-letter queue. Look:\n' +
      `  npx crisp-enrich trace ${sessionId}\n  npx crisp-enrich dlq list`,
  );
  wait(FAILURE_MS).then(
    () => {
      withdraw();
      say(
        `demo: Crisp serves ${sessionId} again. Put its job back:\n` +
          `  npx crisp-enrich dlq redrive --session ${sessionId} --yes`,
      );
    },
    withdraw, // Stopped before.
  );
}
