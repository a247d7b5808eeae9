import { expect, test } from 'vitest';
import { judge } from '../oracle/judge.ts';
import { toTerms } from '../world/settings.ts';
import { createScene, HOUR_MS, MINUTE_MS } from './create-scene.ts';

test('an event is fetched although an earlier one has a later bucket, from an instance whose clock was ahead', async () => {
  const scene = createScene({ conversations: 1 });
  const [conversation] = scene.conversations;
  const { world } = scene;
  if (!conversation) throw new Error('a scene without conversations');

  world.skewMs.webhook = 20 * MINUTE_MS;
  scene.say(conversation);
  await world.advance(5 * MINUTE_MS);
  world.skewMs.webhook = 0;
  scene.say(conversation);
  await world.settle(HOUR_MS);
  const { violations, figures } = judge(world.history, toTerms(world.settings));
  world.end();

  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ accepted: 2, records: 2 });
});
