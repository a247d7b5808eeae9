import type { FetchedConversation } from '../../../lib/crisp/conversation.ts';
import { parseSessionId, parseWebsiteId } from '../../../lib/ids.ts';
import { buildRecord, expectRecord } from '../../../lib/record/build.ts';
import { escapeBody } from '../../../lib/record/topic.ts';
import { measureCpu, readOptions, report } from './support.ts';

// A record of so many messages: built, hashed, checked and written out.
const { messages } = readOptions<{ messages: number }>();
const TOTAL = 60_000;

const fetched = invent(messages);
const cpuUs = await measureCpu(Math.max(3, Math.ceil(TOTAL / messages)), async () => {
  const record = buildRecord(fetched, { version: 1, mode: 'full', absorbed: 0 });
  expectRecord(record);
  return escapeBody(record);
});
report({ cpuUs });

function invent(count: number): FetchedConversation {
  const websiteId = parseWebsiteId('8c842203-7ed8-4e29-a608-7cf78a7d2fcc');
  const sessionId = parseSessionId('session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881');
  if (!websiteId || !sessionId) throw new Error('the ids are none');
  return {
    ...{ websiteId, sessionId, startedMs: 1_790_856_000_000 },
    conversation: {
      session_id: sessionId,
      website_id: websiteId,
      state: 'resolved',
      meta: { nickname: 'Ada' },
    },
    messages: Array.from({ length: count }, (_, place) => ({
      ...{ session_id: sessionId, website_id: websiteId, type: 'text', origin: 'chat', stamped: true },
      from: place % 2 === 0 ? 'user' : 'operator',
      content: `Is my parcel ${place} lost? It should have been here on Monday, I think.`,
      timestamp: 1_790_000_000_000 + place * 1000,
      fingerprint: 179_085_600_000_000 + place,
      user: { user_id: sessionId, nickname: 'Ada' },
    })),
    profile: null,
    ...{ mode: 'full', messagePages: 1, terminatedBy: 'http_200', apiCalls: 3 },
  };
}
