import { systemClock } from '../../lib/adapters/system-clock.ts';
import { examineSetup } from '../../lib/app/doctor/examine-setup.ts';
import { findLocalSetup } from '../../lib/app/doctor/find-local-setup.ts';
import type { Environment } from '../../lib/core/config/environment.ts';
import type { Finding } from '../../lib/core/doctor/finding.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import { type LocalScene, simulatorOf, startLocalScene } from './start-local-scene.ts';

export interface DoctorScene {
  readonly scene: LocalScene;
  /** What the doctor finds; `environment` is that of whoever calls it. */
  examine(options?: {
    readonly environment?: Environment;
    readonly clock?: Clock;
  }): Promise<readonly Finding[]>;
}

/** Local mode with a simulated Crisp that has conversations, and a doctor for it. */
export async function startDoctorScene(): Promise<DoctorScene> {
  const scene = await startLocalScene();
  const simulator = simulatorOf(scene);
  for (const websiteId of simulator.websiteIds) {
    simulator.seedConversations({ websiteId, conversations: 3, messages: 30 });
  }

  return {
    scene,
    async examine({ environment = {}, clock = systemClock } = {}) {
      const url = new URL(new URL(scene.mode.health.webhook).origin);
      const own = { COALESCE_SECONDS: '1', COALESCE_MARGIN_SECONDS: '1', ...environment };
      const setup = await findLocalSetup(own, url);
      return examineSetup(setup, { nodeVersion: '24.1.0', sqs: scene.mode.aws.clients.sqs, clock });
    },
  };
}
