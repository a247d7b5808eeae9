import { expect, test } from 'vitest';
import { toHookDelivery } from '../../lib/adapters/function-url.ts';
import { parseWebhookConfig } from '../../lib/core/config/parse-webhook-config.ts';
import type { SessionQueue } from '../../lib/ports/session-queue.ts';
import { createAcceptWebhook } from '../../lib/use-cases/accept-webhook.ts';
import {
  aHookPayload,
  aHookRequest,
  HOOK_NOW_MS,
  HOOK_SECRET,
  type HookRequest,
} from '../support/hook-request.ts';
import { createMemorySessionQueue } from '../support/memory-session-queue.ts';
import { createRecordingTelemetry } from '../support/recording-telemetry.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

function createAcceptance(override?: SessionQueue) {
  const memory = createMemorySessionQueue();
  const clock = createVirtualClock(HOOK_NOW_MS);
  const config = parseWebhookConfig({
    CRISP_HOOK_SECRETS: HOOK_SECRET,
    SESSIONS_QUEUE_URL: 'https://sqs.example.com/sessions.fifo',
  });
  const accept = createAcceptWebhook({
    config,
    secrets: { hookSecrets: async () => [HOOK_SECRET] },
    queue: override ?? memory,
    clock,
    telemetry: createRecordingTelemetry(),
  });
  return {
    queue: memory,
    clock,
    accept: (request?: HookRequest) => accept(toHookDelivery(aHookRequest(request))),
  };
}

test('a burst of one session is one message, and every event of it gets that message’s id', async () => {
  const { queue, clock, accept } = createAcceptance();
  const ids = new Set<unknown>();

  for (let event = 0; event < 8; event += 1) {
    ids.add(await accept());
    await clock.advance(5000);
  }

  expect(queue.sends).toBe(8);
  expect(queue.messages).toHaveLength(1);
  expect([...ids]).toEqual(Array(8).fill({ outcome: 'queued', messageId: queue.messages[0]?.messageId }));
});

test('an event after the end of the bucket is a message of its own', async () => {
  const { queue, clock, accept } = createAcceptance();

  await accept();
  await clock.advance(60_000);
  await accept();

  expect(queue.messages.map(({ job }) => job.bucketMs)).toEqual([1_790_856_000_000, 1_790_856_060_000]);
});

test('an edit is not absorbed by a message that asks for less', async () => {
  const { queue, accept } = createAcceptance();

  await accept();
  await accept({ payload: aHookPayload({}, { event: 'message:updated' }) });

  expect(queue.messages.map(({ job }) => job.mode)).toEqual(['incremental', 'full']);
});

test('a queue that answers after it was given up disturbs nobody', async () => {
  const late = Promise.withResolvers<never>();
  const { clock, accept } = createAcceptance({ send: () => late.promise });

  const accepted = accept();
  const refused = expect(accepted).rejects.toMatchObject({ code: 'queue_unavailable' });
  await clock.advance(3000);
  await refused;
  late.reject(new Error('too late'));
  await clock.advance(1000);

  expect(clock.sleepers).toBe(0);
});

test('no wait is left behind by an answer in time, nor by a queue that throws at once', async () => {
  const { clock, accept } = createAcceptance();
  const broken = createAcceptance({
    send() {
      throw new TypeError('broken');
    },
  });

  await accept();
  await expect(broken.accept()).rejects.toMatchObject({ code: 'queue_unavailable', detail: 'TypeError' });

  expect(clock.sleepers).toBe(0);
  expect(broken.clock.sleepers).toBe(0);
});
