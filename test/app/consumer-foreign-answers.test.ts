import { expect, onTestFinished, test } from 'vitest';
import { refusal } from '../bad-inputs/crisp-answers.ts';
import { aSession } from '../support/builders.ts';
import { type ConsumerScene, createConsumerScene, type Misbehaviour } from '../support/consumer-scene.ts';
import type { ScriptedAnswer } from '../support/scripted-crisp.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';

const page = (status: number, headers: Readonly<Record<string, string>> = {}): ScriptedAnswer => ({
  status,
  body: '<!DOCTYPE html><title>Back in a minute</title>',
  headers: { 'content-type': 'text/html', ...headers },
});

test.each<[string, ScriptedAnswer]>([
  ['a 403 of a firewall', page(403)],
  ['a 400 of a proxy', page(400)],
  ['a 404 of a proxy', page(404)],
  ['a 410 without a body', { status: 410, body: '' }],
  ['a redirect to a page about maintenance', page(302, { location: 'https://status.example.com/' })],
  ['a route that Crisp does not know', refusal(404, 'not_found', 'the route does not exist')],
])('%s for everything ends no session: the deliveries stop', async (_, answer) => {
  const scene = await setUpScene(() => answer);

  for (const name of ['a', 'b', 'c', 'd', 'e']) await scene.deliver({ [name]: aSession(`session_${name}`) });

  expect(scene.telemetry.named('job-dead')).toEqual([]);
  expect(scene.telemetry.named('job-failed').map(({ decision }) => decision)).not.toContain('dead');
  expect(await scene.isSwitchedOff()).toBe(true);
});

test('a page of a proxy on the route of conversations alone ends no session: the third in a row stops the deliveries', async () => {
  const scene = await setUpScene(({ sessionId }) => (sessionId === '' ? undefined : page(403)));

  for (const name of ['a', 'b']) await scene.deliver({ [name]: aSession(`session_${name}`) });
  expect(await scene.isSwitchedOff()).toBe(false);
  for (const name of ['c', 'd', 'e']) await scene.deliver({ [name]: aSession(`session_${name}`) });

  expect(await scene.isSwitchedOff()).toBe(true);
  expect(scene.telemetry.named('job-dead')).toEqual([]);
});

test('a 404 of a proxy announces no removal, however often it comes', async () => {
  const { scene, session } = await setUpArchived({ conversation: page(404) });

  for (const receive of [1, 2, 3]) {
    await scene.deliver({ second: session }, receive);
    scene.clock.shift(60_000);
  }

  expect(scene.records.map(({ kind }) => kind)).toEqual(['conversation.enriched']);
});

test.each<[string, ScriptedAnswer]>([
  ['of Crisp', refusal(404, 'website_not_found')],
  ['of a proxy', page(404)],
])('a conversation is not removed while its website is a 404 %s: its message waits', async (_, website) => {
  const { scene, session } = await setUpArchived({ conversation: refusal(404, 'not_found'), website });

  await scene.deliver({ second: session });
  scene.clock.shift(16_000);
  const failed = await scene.deliver({ second: session }, 2);

  expect(failed).toEqual(['second']);
  expect(scene.records.map(({ kind }) => kind)).toEqual(['conversation.enriched']);
  expect(await scene.isSwitchedOff()).toBe(true);
  expect(scene.telemetry.named('job-failed').at(-1)).toMatchObject({ decision: 'defer' });
});

/** A session that has a record, and a Crisp that gives these answers from then on. */
async function setUpArchived(answers: { conversation: ScriptedAnswer; website?: ScriptedAnswer }) {
  let isWell = true;
  const scene = await setUpScene(({ sessionId, part }) => {
    if (isWell) return undefined;
    if (sessionId === '') return answers.website;
    return part === 'conversation' ? answers.conversation : undefined;
  });
  const session = aSession('session_archived');
  await scene.deliver({ first: session });
  isWell = false;
  return { scene, session };
}

async function setUpScene(crisp: Misbehaviour): Promise<ConsumerScene> {
  const ledger = await startEmbeddedLedger();
  const scene = await createConsumerScene({ ledger, crisp });
  onTestFinished(async () => {
    await scene.close();
    await ledger.stop();
  });
  return scene;
}
