import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionRef } from '../../lib/ids.ts';
import { type LocalScene, simulatorOf, startLocalScene } from '../support/local-scene.ts';

describe('the API of local mode', () => {
  let scene: LocalScene;
  let session: SessionRef;

  beforeAll(async () => {
    scene = await startLocalScene();
    const [seeded] = simulatorOf(scene).seedConversations({ conversations: 1, messages: 45 });
    if (!seeded) throw new Error('no session');
    session = seeded;
  });

  afterAll(() => scene.stop());

  function call(path: string, { body, ...headers }: Record<string, unknown> = {}) {
    const { api, api_key: key } = scene.mode.health;
    return fetch(`${api}${path}`, {
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
  }

  async function read(path: string): Promise<Readonly<Record<string, unknown>>> {
    const response = await call(path);
    return JSON.parse(await response.text());
  }

  test('a conversation is read now, enqueued once however often it is asked for, and had from the archive', async () => {
    const path = `/conversations/${session.sessionId}`;
    const query = `?website_id=${session.websiteId}`;

    const now = await read(`${path}${query}`);
    const once = { body: session, 'idempotency-key': 'once' };
    const first = await call('/conversations', once);
    const again = await call('/conversations', once);
    const [record] = await scene.receiveRecords(1);
    const archived = await read(`${path}?from=archive`);
    const { runs } = await read('/runs');

    expect(now).toMatchObject({ session_id: session.sessionId, metrics: { messages: 45 } });
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await again.json()).toEqual(await first.json());
    expect(record?.content_hash).toBe(now.content_hash);
    expect(archived.content_hash).toBe(now.content_hash);
    expect(runs).toMatchObject([{ session_id: session.sessionId, outcome: 'emitted' }]);
  });

  test('a web page of another name is refused, and so is one of any name: neither learns anything', async () => {
    const { api, api_key: key } = scene.mode.health;
    const origin = await call('/status', { origin: 'http://example.com' });
    const site = await call('/status', { 'sec-fetch-site': 'cross-site' });

    expect([origin.status, site.status]).toEqual([403, 403]);
    expect(origin.headers.get('content-type')).toBe('application/problem+json');
    expect(await origin.json()).toMatchObject({ code: 'origin_not_allowed', status: 403 });
    expect((await fetch(`${api}/status`)).status).toBe(401);
    expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a body that is too large is a problem like any other, and the document needs no key', async () => {
    const { api } = scene.mode.health;
    const large = await call('/conversations', { body: 'x'.repeat(300_000) });
    const document = JSON.parse(await (await fetch(`${api}/openapi.json`)).text());

    expect([large.status, large.headers.get('content-type')]).toEqual([413, 'application/problem+json']);
    expect(await large.json()).toMatchObject({ code: 'body_too_large', status: 413 });
    expect(document.openapi).toBe('3.1.0');
  });

  test('keys that are set are used, and shown nowhere', async () => {
    const key = 'a-key-of-our-own-0123456789abcdef0123';
    const own = await startLocalScene({ env: { API_KEYS: `crm:read:${key}` } });

    const { health } = own.mode;
    const reply = await fetch(`${health.api}/status`, { headers: { authorization: `Bearer ${key}` } });
    await own.stop();

    expect(reply.status).toBe(200);
    expect(health.api_key).toBeUndefined();
    expect(JSON.stringify([health, own.shown])).not.toContain(key);
  });
});
