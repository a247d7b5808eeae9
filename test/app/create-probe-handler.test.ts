import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDynamoBreakerNotes } from '../../lib/adapters/ledger/dynamo-breaker-notes.ts';
import { createEnvironmentSecrets } from '../../lib/adapters/secrets/environment-secrets.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createProbeHandler } from '../../lib/app/create-probe-handler.ts';
import { parseProbeConfig } from '../../lib/core/config/parse-probe-config.ts';
import { createLambdaContext } from '../../lib/local/lambda/lambda-context.ts';
import { RESOURCES, TOKEN } from '../support/a-configuration.ts';
import { aSession } from '../support/builders.ts';
import { createMemoryConsumerSwitch } from '../support/memory-consumer-switch.ts';
import { createRecordingTelemetry } from '../support/recording-telemetry.ts';
import { createScriptedCrisp, type ScriptedAnswer } from '../support/scripted-crisp.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';

const session = aSession();
const answer = { data: { website_id: session.websiteId, session_id: session.sessionId } };
let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});
afterAll(() => ledger.stop());

test('the function repeats the route that failed, over HTTP, and turns the tap on once it is answered', async ({
  onTestFinished,
}) => {
  const answers: ScriptedAnswer[] = [{ status: 503, body: '' }, { status: 503, body: '' }, answer];
  const crisp = await createScriptedCrisp(answers);
  onTestFinished(crisp.close);
  const tap = createMemoryConsumerSwitch('off');
  const telemetry = createRecordingTelemetry();
  const notes = createDynamoBreakerNotes(ledger);
  const probe = createProbeHandler(
    parseProbeConfig({
      ...TOKEN,
      ...RESOURCES,
      LEDGER_TABLE: ledger.table,
      CRISP_API_URL: crisp.url.href,
    }),
    {
      secrets: createEnvironmentSecrets({
        source: 'environment',
        hookSecrets: [],
        crispToken: { identifier: 'identifier', key: 'key' },
      }),
      dynamodb: ledger.client,
      consumerSwitch: tap,
      telemetry,
    },
  );
  const run = () => {
    const deadlineMs = systemClock.nowMs() + 60_000;
    return probe({}, createLambdaContext({ functionName: 'probe', clock: systemClock, deadlineMs }));
  };
  const opening = {
    openedMs: systemClock.nowMs() - 60_000,
    code: 'crisp_unavailable',
    route: 'website/conversation',
    session,
    holdOffSeconds: 60,
    nextProbeMs: 0,
    failedProbes: 0,
  };
  await notes.noteOpening(opening, undefined);

  await run();
  const refused = [tap.state, (await notes.readOpening())?.holdOffSeconds];
  await notes.noteOpening(opening, opening.openedMs);
  await run();

  expect(refused).toEqual(['off', 120]);
  expect(tap.state).toBe('on');
  const website = `/v1/website/${session.websiteId}`;
  const conversation = `${website}/conversation/${session.sessionId}`;
  expect(crisp.requests.map(({ url }) => url)).toEqual([conversation, website, conversation]);
  expect(telemetry.named('breaker-state').map(({ isOpen }) => isOpen)).toEqual([true, false]);
});
