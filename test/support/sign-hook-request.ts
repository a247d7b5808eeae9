import { createHmac } from 'node:crypto';
import type { SessionRef } from '../../lib/core/ids.ts';

/** A signed delivery of an event about a session, ready for `fetch`; by the documented recipe, not by our own code. */
export function signHookRequest(
  { websiteId, sessionId }: SessionRef,
  { secret, nowMs, event = 'message:send' }: { secret: string; nowMs: number; event?: string },
) {
  const data = { website_id: websiteId, session_id: sessionId };
  const body = JSON.stringify({ website_id: websiteId, event, data, timestamp: nowMs });
  const signature = createHmac('sha256', secret).update(`[${nowMs};${body}]`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-crisp-request-timestamp': String(nowMs),
    'x-crisp-signature': signature,
  };
  return { method: 'POST', body, headers };
}
