import { setTimeout as wait } from 'node:timers/promises';
import { createDynamoBreakerNotes } from '../../lib/adapters/ledger/dynamo-breaker-notes.ts';
import type { LocalScene } from './start-local-scene.ts';

/** Waits until the sessions queue of a scene is held (`off`) or flows (`on`). */
export async function untilTap({ mode, shown }: LocalScene, state: 'on' | 'off'): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    if ((await mode.pipeline.tap.read()) === state) return;
    await wait(200);
  }
  throw new Error(`the tap is not ${state}; the terminal showed:\n${shown.join('')}`);
}

/** As if the minutes until the probe's next look had passed. */
export async function endHoldOff(scene: LocalScene): Promise<void> {
  const due = { holdOffSeconds: 60, nextProbeMs: 0, failedProbes: 0 };
  const notes = breakerNotesOf(scene);
  const opening = await notes.readOpening();
  if (opening) await notes.noteFailedProbe(opening.openedMs, due);
}

export function breakerNotesOf({ mode: { aws } }: LocalScene) {
  return createDynamoBreakerNotes({ client: aws.clients.dynamodb, table: aws.resources.table });
}
