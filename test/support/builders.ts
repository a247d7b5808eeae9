import { parseSessionId, parseWebsiteId, type SessionRef } from '../../lib/core/ids.ts';
import type { ReceivedMessage } from '../../lib/core/job/received-message.ts';

export const WEBSITE_ID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';
export const OTHER_WEBSITE_ID = '1f0f5f0e-2b1c-4f6e-9a53-5a2f6f1d8e10';

/** A session of the first test website. */
export function aSession(name = 'session_a', website = WEBSITE_ID): SessionRef {
  const websiteId = parseWebsiteId(website);
  const sessionId = parseSessionId(name);
  if (!websiteId || !sessionId) throw new Error(`not the ids of a session: ${website} ${name}`);
  return { websiteId, sessionId };
}

let serial = 0;

/** A message that SQS hands out for the first time; its body asks for `session`, in full, at once. */
export function aMessage(
  message: Partial<ReceivedMessage> & { session?: SessionRef; job?: Record<string, unknown> } = {},
): ReceivedMessage {
  serial += 1;
  const { session = aSession(), job, ...rest } = message;
  return {
    messageId: `message-${serial}`,
    receiptHandle: `handle-of-${rest.messageId ?? `message-${serial}`}`,
    body: JSON.stringify({ v: 1, ...session, mode: 'full', ...job }),
    receiveCount: 1,
    sentMs: undefined,
    ...rest,
  };
}
