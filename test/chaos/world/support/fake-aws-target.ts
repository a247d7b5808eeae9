import { createRandom } from '../../../../lib/local/simulator/random.ts';
import type { ConformanceTarget } from '../../../conformance/behaviour.ts';
import { createVirtualClock, type VirtualClock } from '../../../support/virtual-clock.ts';
import type { AwsActions, AwsCall } from '../aws/aws-call.ts';
import { createFakeDynamoDb } from '../aws/dynamodb/fake-dynamodb.ts';
import { createFakeS3 } from '../aws/fake-s3.ts';
import { createFakeSqs } from '../aws/sqs/fake-sqs.ts';
import { createRecorder } from '../recorder.ts';

/** The fakes alone, without a world: every command takes effect at once. SNS is none of them. */
export function createFakeAwsTarget(): ConformanceTarget & { readonly clock: VirtualClock } {
  const clock = createVirtualClock();
  const recorder = createRecorder(clock);
  const sqs = createFakeSqs({ clock, recorder, random: createRandom(1) });
  let names = 0;

  const clients = {
    sqs: toClient(sqs.actions, clock),
    s3: toClient(createFakeS3(recorder), clock),
    dynamodb: toClient(createFakeDynamoDb(recorder), clock),
    destroy() {},
  };
  return {
    // Of a client only `send` is used.
    ...(clients as unknown as ConformanceTarget),
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

function toClient(actions: AwsActions, clock: VirtualClock) {
  return {
    async send(command: { readonly input: object }): Promise<unknown> {
      const action = command.constructor.name.replace(/Command$/, '');
      const act = actions[action];
      if (!act) throw new Error(`The fake does not know ${action}`);
      // Whoever calls is no instance of a function: a redrive, as far as the queues know.
      const call = { instance: { role: 'operator' } } as AwsCall;
      return letTimePass(act(command.input as never, call), clock);
    },
  };
}

/** A long poll waits in virtual time, which nobody else turns. */
async function letTimePass(answer: unknown, clock: VirtualClock): Promise<unknown> {
  if (!(answer instanceof Promise)) return answer;
  let isOver = false;
  const over = answer.finally(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  while (!isOver) await clock.advance(1000);
  return over;
}
