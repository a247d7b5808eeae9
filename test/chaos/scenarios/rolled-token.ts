import { SECRETS } from '../world/settings.ts';
import { createScene, HOUR_MS, MINUTE_MS } from './create-scene.ts';
import { finish, type Scenario } from './scenario.ts';

/** The token is rolled in Crisp's marketplace, and the new one is stored three hours later. */
export const rolledToken: Scenario = {
  name: 'rolled token, stored three hours later',
  async run() {
    const scene = createScene({ conversations: 20 });
    const { clock, crisp, secrets } = scene.world;
    await scene.goOn(30 * MINUTE_MS, MINUTE_MS);

    const fromMs = clock.nowMs();
    const { identifier, key } = SECRETS.nextToken;
    crisp.tokens.clear();
    crisp.tokens.add(`${identifier}:${key}`);
    await scene.goOn(3 * HOUR_MS, MINUTE_MS);
    secrets.set('CRISP_TOKEN_IDENTIFIER', identifier);
    secrets.set('CRISP_TOKEN_KEY', key);

    return finish(scene, { fromMs, untilMs: clock.nowMs() });
  },
};
