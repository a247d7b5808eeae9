import { onTestFinished } from 'vitest';
import { type CrispClient, createCrispApi } from '../../lib/adapters/crisp/create-crisp-api.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { JobError } from '../../lib/core/errors/job-error.ts';
import type { Secrets } from '../../lib/ports/secrets.ts';
import { createRecordingTelemetry, type RecordingTelemetry } from './recording-telemetry.ts';
import { createScriptedCrisp, type Script, type ScriptedCrisp } from './scripted-crisp.ts';

export const TOKEN = { identifier: 'an-identifier', key: 'f'.repeat(64) };
export const MAX_RESPONSE_BYTES = 100_000;

export interface CrispOverHttp {
  readonly server: ScriptedCrisp;
  readonly crisp: CrispClient;
  readonly telemetry: RecordingTelemetry;
  /** How often the throttle was told of a refusal. */
  readonly refusals: () => number;
}

export interface CrispOverHttpOptions {
  readonly deadlineMs?: number;
  readonly hasToken?: boolean;
  readonly protocol?: 'http:' | 'https:';
  /** In place of a token that stays. */
  readonly secrets?: Secrets;
}

/** Our client, without a throttle, before a scripted server; both are closed when the test ends. */
export async function setUpCrisp(script: Script, options: CrispOverHttpOptions = {}): Promise<CrispOverHttp> {
  const { deadlineMs = 5_000, hasToken = true, protocol = 'http:' } = options;
  const server = await createScriptedCrisp(script);
  const telemetry = createRecordingTelemetry();
  let refusals = 0;
  const noteRefusal = () => {
    refusals += 1;
  };
  const crisp = createCrispApi({
    baseUrl: Object.assign(new URL(server.url), { protocol }),
    tier: 'plugin',
    secrets: options.secrets ?? {
      hookSecrets: async () => [],
      crispToken: async () => (hasToken ? TOKEN : undefined),
    },
    throttle: { take: async () => {}, noteRefusal, ratePerSecond: 10 },
    clock: systemClock,
    maxResponseBytes: MAX_RESPONSE_BYTES,
    deadlineMs,
    telemetry,
  });
  onTestFinished(async () => {
    await crisp.close();
    await server.close();
  });
  return { server, crisp, telemetry, refusals: () => refusals };
}

/** The error that `work` rejects with; anything but a `JobError` fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<JobError> {
  const thrown = await work.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (thrown instanceof JobError) return thrown;
  throw thrown;
}
