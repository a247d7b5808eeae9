import { Pool } from 'undici';
import type { SessionRef } from '../../lib/ids.ts';
import type { Account } from '../../lib/local/simulator/workspace.ts';

/** As little as a client can be: undici, and nothing that looks at what comes back. The floor of what a fetch costs. */
export function createBareClient(url: string, { token, tier }: Account) {
  const pool = new Pool(url);
  const authorization = `Basic ${Buffer.from(`${token.identifier}:${token.key}`).toString('base64')}`;
  const headers = { authorization, 'x-crisp-tier': tier };

  async function get(path: string) {
    const { statusCode, body } = await pool.request({ path: `/v1/website/${path}`, method: 'GET', headers });
    // Crisp's envelope, as the simulator writes it; a refusal has no data of use.
    const { data } = (await body.json()) as { data: Record<string, unknown> & { timestamp: number }[] };
    if (statusCode >= 400) throw new Error(`refused with ${statusCode}`);
    return { data, hasMore: statusCode === 206 };
  }

  return {
    close: () => pool.close(),
    /** Conversation, profile and all pages, each as early as it can be; the cursor is the oldest message, plus `safety` ms. */
    async fetch({ websiteId, sessionId }: SessionRef, { safety = 0 } = {}): Promise<void> {
      const path = `${websiteId}/conversation/${sessionId}`;
      const readProfile = async () => {
        const { data } = await get(path);
        await get(`${websiteId}/people/profile/${String(data.people_id)}`);
      };
      const readMessages = async () => {
        let page = await get(`${path}/messages`);
        while (page.hasMore) {
          const oldest = Math.min(...page.data.map(({ timestamp }) => timestamp));
          page = await get(`${path}/messages?timestamp_before=${oldest + safety}`);
        }
      };
      await Promise.all([readProfile(), readMessages()]);
    },
  };
}
