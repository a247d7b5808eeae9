import { createRandom } from '../../../lib/local/simulator/random.ts';
import type { ConformanceTarget } from '../../conformance/behaviour.ts';
import { toClient } from '../../support/aws.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { createFakeDynamoDb } from './aws/dynamodb.ts';
import { createFakeS3 } from './aws/fake-aws.ts';
import { createFakeSqs } from './aws/sqs.ts';
import type { Conversation } from './crisp-store.ts';
import { createRecorder } from './recorder.ts';
import type { WorldSettings } from './settings.ts';
import { createWorld, type World } from './world.ts';

/** A world in which nothing goes wrong. */
export function aWorld(settings: Partial<WorldSettings> = {}): World {
  return createWorld({
    seed: 1,
    startMs: 1_790_856_000_000,
    coalesceSeconds: 60,
    marginSeconds: 10,
    include: 'profile',
    inlineLimitBytes: 204_800,
    maxPages: 25,
    crisp: { pageSize: 20, isInclusive: false, says206: true },
    hooks: { mode: 'plugin', timestampUnit: 'ms', isBase64: false, resigns: true },
    websiteIds: ['8c842203-7ed8-4e29-a608-7cf78a7d2fcc'],
    ...settings,
  });
}

/** A new conversation with one message, of which Crisp tells. */
export function tellOfAMessage({ settings, crisp, hooks }: World, sessionId = 'session_a'): Conversation {
  const [websiteId = ''] = settings.websiteIds;
  const conversation = crisp.store.create({ websiteId, sessionId });
  const { fingerprint } = crisp.store.say(conversation, {});
  const data = { fingerprint, type: 'text', from: 'user' };
  hooks.send({ name: 'message:send', websiteId, sessionId, data, fingerprint });
  return conversation;
}

/** The fakes alone, without a world: every command takes effect at once. SNS is none of them. */
export function createFakeAwsTarget(): ConformanceTarget & { readonly clock: VirtualClock } {
  const clock = createVirtualClock();
  const recorder = createRecorder(clock);
  const sqs = createFakeSqs({ clock, recorder, random: createRandom(1) });
  let names = 0;

  return {
    sqs: toClient(sqs.actions, clock),
    s3: toClient(createFakeS3(recorder)),
    dynamodb: toClient(createFakeDynamoDb(recorder)),
    // Its topic is the records topic alone: nobody can subscribe.
    sns: toClient({}),
    destroy() {},
    clock,
    pass: (seconds) => clock.advance(seconds * 1000),
    patienceSeconds: 0,
    longestPassSeconds: Number.POSITIVE_INFINITY,
    name(base) {
      names += 1;
      return `${base}-${names}`;
    },
    onEnd() {},
  };
}
