import { createScene, HOUR_MS, MINUTE_MS } from './create-scene.ts';
import { finish, type Scenario } from './scenario.ts';

/** Every route answers 503 for six hours, while people go on talking. */
export const sixHourOutage: Scenario = {
  name: 'six-hour outage',
  async run() {
    const scene = createScene({ conversations: 20 });
    await scene.goOn(30 * MINUTE_MS, MINUTE_MS);

    const fromMs = scene.world.clock.nowMs();
    const heal = scene.breakCrisp(() => true, { fault: 'F33', status: 503, reason: 'unavailable' });
    await scene.goOn(6 * HOUR_MS, MINUTE_MS);
    heal();

    return finish(scene, { fromMs, untilMs: scene.world.clock.nowMs() });
  },
};
