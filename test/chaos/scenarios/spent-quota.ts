import { createScene, HOUR_MS, MINUTE_MS } from './create-scene.ts';
import { finish, type Scenario } from './scenario.ts';

/** The day's requests are spent at six in the evening: every route refuses until midnight, and does not say so. */
export const spentQuota: Scenario = {
  name: 'spent quota, 429 until midnight',
  run: () => playSpentQuota(429),
};

/** The same, as Crisp answers it elsewhere. */
export const spentQuota423: Scenario = {
  name: 'spent quota, 423 until midnight',
  run: () => playSpentQuota(423),
};

async function playSpentQuota(status: number) {
  const scene = createScene({ conversations: 20 });
  await scene.goOn(30 * MINUTE_MS, MINUTE_MS);

  const fromMs = scene.world.clock.nowMs();
  const heal = scene.breakCrisp(() => true, { fault: 'F32', status, reason: 'too_many_requests' });
  await scene.goOn(6 * HOUR_MS - 30 * MINUTE_MS, MINUTE_MS);
  heal();

  return finish(scene, { fromMs, untilMs: scene.world.clock.nowMs() });
}
