import { afterAll, beforeAll, describe, test } from 'vitest';
import { type EmbeddedAws, startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { ALL_BEHAVIOURS } from './all-behaviours.ts';
import type { ConformanceTarget } from './behaviour.ts';

describe('embedded aws', () => {
  const clock = createVirtualClock();
  let aws: EmbeddedAws;
  let target: ConformanceTarget;

  beforeAll(async () => {
    aws = await startEmbeddedAws({ clock });
    let names = 0;
    target = {
      ...createLocalAwsClients(aws.endpoints),
      pass: (seconds) => clock.advance(seconds * 1000),
      patienceSeconds: 0,
      longestPassSeconds: Number.POSITIVE_INFINITY,
      name(base) {
        names += 1;
        return `${base}-${names}`;
      },
      onEnd() {}, // It all ends with the process.
    };
  });

  afterAll(async () => {
    target.destroy();
    await aws.stop();
  });

  describe.each(Object.entries(ALL_BEHAVIOURS))('embedded %s', (_service, behaviours) => {
    test.each(Object.entries(behaviours))('%s', (_title, run) => run(target));
  });
});
