import { createScene, HOUR_MS } from './create-scene.ts';
import { finish, type Scenario } from './scenario.ts';

/** One conversation always answers 500, among a thousand healthy ones that are talked in within an hour. */
export const oneBrokenConversation: Scenario = {
  name: 'one conversation answers 500 among 1,000',
  async run() {
    const scene = createScene({ conversations: 1001 });
    const fromMs = scene.world.clock.nowMs();
    const broken = scene.conversations[500]?.key;
    scene.breakCrisp(({ sessionKey }) => sessionKey === broken, {
      fault: 'F33',
      status: 500,
      reason: 'internal_error',
    });

    await scene.goOn(HOUR_MS, Math.floor(HOUR_MS / 1001));

    const untilMs = scene.world.clock.nowMs();
    return finish(scene, { fromMs, untilMs, ...(broken !== undefined && { sessionKey: broken }) });
  },
};
