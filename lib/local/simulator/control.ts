import * as z from 'zod';
import type { Clock } from '../../clock.ts';
import { parseSessionId, parseWebsiteId } from '../../ids.ts';
import { type App, createApp, readBody } from '../http-server.ts';
import { formatControls } from './control-page.ts';
import { CONTROLS } from './controls.ts';
import { BODY_LIMIT_BYTES, refuseBody } from './limits.ts';
import { SimulatorError } from './store.ts';
import { SWITCH_NAMES, SWITCHES } from './switches.ts';
import type { Workspace } from './workspace.ts';

/**
 * Answers `/_simulator`: GET shows the state, `POST /_simulator/{control}` with a JSON body acts. Nothing here is counted,
 * limited or delayed. A form of a web page is no JSON, so it is refused as well.
 */
export function createControl(workspace: Workspace, clock: Clock): App {
  const app = createApp().basePath('/_simulator');
  app.get('/', () => show(describe(workspace, clock.nowMs())));
  // Requests by session and route.
  app.get('/sessions', () => show(workspace.counters.bySession()));
  app.get('/controls', ({ req }) => {
    const page = formatControls(workspace, new URL('/_simulator', req.url).href);
    return new Response(page, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
  });
  app.get('/deliveries', () => show(listDeliveries(workspace)));
  app.get('/conversations/:website_id', ({ req }) =>
    show(listConversations(workspace, req.param('website_id'))),
  );
  app.get('/conversations/:website_id/:session_id', ({ req }) =>
    show(showConversation(workspace, req.param())),
  );
  app.get('/*', () => refuse(404, 'not_found'));
  app.post('/*', async ({ env: { incoming } }) => {
    if (incoming.headers['content-type']?.split(';')[0] !== 'application/json')
      return refuse(415, 'json_expected');
    const body = await readBody(incoming, BODY_LIMIT_BYTES);
    if (body === undefined) return refuseBody();
    const name = (incoming.url ?? '').split(/[/?]/)[2] ?? '';
    return act(name, parseJson(body.toString('utf8')), workspace, clock.nowMs());
  });
  app.all('/*', () => refuse(405, 'method_not_allowed'));
  return app;
}

function act(name: string, body: unknown, workspace: Workspace, nowMs: number): Response {
  const control = CONTROLS.find((candidate) => candidate.name === name);
  if (control === undefined)
    return refuse(404, 'not_found', `controls: ${CONTROLS.map((known) => known.name).join(', ')}`);
  try {
    return show({ ok: true, ...control.act(workspace, body, nowMs) });
  } catch (error) {
    if (error instanceof SimulatorError) return refuse(400, error.code, error.message);
    if (error instanceof z.ZodError) return refuse(400, 'control_input_invalid', z.prettifyError(error));
    throw error;
  }
}

/** An empty body is an empty object; undefined is what is no JSON, and the control's own schema says what it expected. */
function parseJson(text: string): unknown {
  try {
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function show(body: unknown): Response {
  return body === undefined ? refuse(404, 'not_found') : answer(200, body);
}

function refuse(status: number, error: string, message?: string): Response {
  return answer(status, message === undefined ? { error } : { error, message });
}

function answer(status: number, body: unknown): Response {
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' };
  return new Response(`${JSON.stringify(body, undefined, 2)}\n`, { status, headers });
}

/** The newest hook deliveries, oldest first. */
function listDeliveries({ hooks }: Workspace) {
  return hooks.log().map(({ id, subscription, event, attempts, outcome }) => ({
    ...{ id, hook: subscription.id, event: event.event, session_id: event.data.session_id },
    ...{ timestamp: event.timestamp, attempts, outcome },
  }));
}

/** The session ids of a website. */
function listConversations(workspace: Workspace, website: string): unknown {
  const websiteId = parseWebsiteId(website);
  const found = workspace.websites().find((candidate) => candidate.websiteId === websiteId);
  return found === undefined ? undefined : [...found.conversations.keys()];
}

/** One conversation with all that belongs to it. */
function showConversation(workspace: Workspace, ids: { website_id: string; session_id: string }): unknown {
  const websiteId = parseWebsiteId(ids.website_id);
  const sessionId = parseSessionId(ids.session_id);
  if (websiteId === undefined || sessionId === undefined) return undefined;
  const stored = workspace.readConversation({ websiteId, sessionId });
  if (stored === undefined) return undefined;
  const { conversation, messages, visitedPages, events, relations } = stored;
  return { conversation, messages, pages: visitedPages, events, relations };
}

/** Counters, state, switches and what can be done. No secret, no content. */
function describe(workspace: Workspace, nowMs: number) {
  const { account, counters, limits, faults, hooks, switches } = workspace;
  return {
    now_ms: nowMs,
    tier: account.tier,
    scopes: account.scopes === undefined ? 'all' : [...account.scopes],
    websites: workspace.websites().map(({ websiteId, conversations, profiles, isSubscribed }) => ({
      website_id: websiteId,
      conversations: conversations.size,
      profiles: profiles.size,
      is_subscribed: isSubscribed,
    })),
    counters: counters.snapshot(),
    quota: limits.quota.state(nowMs),
    faults: faults.pending(),
    hooks: hooks.subscriptions().map(({ id, url, mode, events, isDisabled }) => ({
      id,
      // The query may hold the key of a website hook.
      url: new URL(url).origin + new URL(url).pathname,
      mode,
      events: events === undefined ? 'all' : [...events],
      is_disabled: isDisabled,
    })),
    switches: Object.fromEntries(
      SWITCH_NAMES.map((name) => [name, { position: switches[name], ...SWITCHES[name] }]),
    ),
    controls: Object.fromEntries(CONTROLS.map(({ name, about }) => [name, about])),
    // A whole command for each control.
    views: [
      'controls',
      'sessions',
      'deliveries',
      'conversations/{website_id}',
      'conversations/{website_id}/{session_id}',
    ],
  };
}
