import { createScene, HOUR_MS, MINUTE_MS } from './create-scene.ts';
import { finish, type Scenario } from './scenario.ts';

/** The route of the messages alone refuses for three days; the conversation, the website and the profile answer. */
export const refusedRoute: Scenario = {
  name: 'messages route refused for 72 hours',
  async run() {
    const scene = createScene({ conversations: 20 });
    await scene.goOn(30 * MINUTE_MS, MINUTE_MS);

    const fromMs = scene.world.clock.nowMs();
    const heal = scene.breakCrisp(({ route }) => route === 'website/conversation/messages', {
      fault: 'F31',
      status: 429,
      reason: 'rate_limited',
    });
    await scene.goOn(72 * HOUR_MS, 10 * MINUTE_MS);
    heal();

    return finish(scene, { fromMs, untilMs: scene.world.clock.nowMs() });
  },
};
