import fc from 'fast-check';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { refusal } from '../bad-inputs/crisp-answers.ts';
import { POISON } from '../bad-inputs/queue-messages.ts';
import { aSession } from '../support/builders.ts';
import { createConsumerScene } from '../support/consumer-scene.ts';
import type { ScriptedAnswer } from '../support/scripted-crisp.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});
afterAll(() => ledger.stop());

// What Crisp answers for a session is in its name.
const ANSWERS: Readonly<Record<string, ScriptedAnswer | undefined>> = {
  well: undefined,
  failing: { status: 500 },
  forbidden: refusal(403, 'not_allowed'),
  absent: refusal(404, 'not_found'),
  refused: refusal(429, 'rate_limited'),
  mistaken: { data: { session_id: 'session_of_another' } },
  reset: { fault: 'reset' },
  redirected: { status: 302, headers: { location: 'http://169.254.169.254/' } },
};

interface AskedFor {
  readonly body: string;
  readonly isAcknowledged: boolean;
}

const session = fc
  .tuple(fc.constantFrom('well', 'well', 'well', ...Object.keys(ANSWERS)), fc.constantFrom('a', 'b'))
  .map((names) => aSession(`session_${names.join('_')}`));
const due = session.map(
  (ref): AskedFor => ({
    body: JSON.stringify({ v: 1, ...ref }),
    isAcknowledged: ref.sessionId.includes('well'),
  }),
);
const early = session.map((ref): AskedFor => {
  const bucketMs = Date.UTC(2100, 0);
  const body = JSON.stringify({ v: 1, ...ref, mode: 'full', bucketMs, notBeforeMs: bucketMs + 70_000 });
  return { body, isAcknowledged: false };
});
const poison = fc.constantFrom(...POISON).map(([, , , body]): AskedFor => ({ body, isAcknowledged: false }));
const batch = fc.array(fc.oneof({ weight: 6, arbitrary: due }, early, poison), {
  minLength: 1,
  maxLength: 10,
});

test('for any mix of outcomes, the response names exactly the messages that stay, each once', async () => {
  const scene = await createConsumerScene({
    ledger,
    // So the breaker never opens, and each run stands for itself.
    hasSwitch: false,
    crisp: ({ sessionId, part }) =>
      part === 'conversation' ? ANSWERS[sessionId.split('_')[1] ?? ''] : undefined,
  });
  onTestFinished(() => scene.close());
  let runs = 0;

  await fc.assert(
    fc.asyncProperty(batch, fc.integer({ min: 1, max: 20 }), async (asked, receiveCount) => {
      runs += 1;
      const messages = new Map(asked.map((message, index) => [`m-${runs}-${index}`, message]));
      const told = scene.telemetry.named('job-acknowledged').length;

      const failed = await scene.deliver(
        Object.fromEntries([...messages].map(([id, { body }]) => [id, body])),
        receiveCount,
        // What is asked for the year 2100 waits for a bucket and the margin, from now.
        scene.clock.nowMs(),
      );

      const expected = [...messages].filter(([, { isAcknowledged }]) => !isAcknowledged).map(([id]) => id);
      expect(failed.toSorted()).toEqual(expected.toSorted());
      const acknowledged = scene.telemetry.named('job-acknowledged').slice(told);
      expect(acknowledged.map(({ messageId }) => messageId)).toHaveLength(messages.size - expected.length);
    }),
    { numRuns: 30 },
  );
});
