import { Crisp } from 'crisp-api';
import type { SessionRef } from '../../lib/ids.ts';
import type { Account } from '../../lib/local/simulator/workspace.ts';

/** The official client, which does not show the status: its users read pages until one is empty. */
export function createOfficialClient(url: string, { token, tier }: Account) {
  const client = new Crisp();
  client.setRestHost(url);
  client.authenticateTier(tier, token.identifier, token.key);

  return {
    async fetch({ websiteId, sessionId }: SessionRef): Promise<void> {
      const { people_id } = await client.website.getConversation(websiteId, sessionId);
      let before: number | undefined;
      for (;;) {
        const page = await client.website.getMessagesInConversation(websiteId, sessionId, before);
        if (page.length === 0) break;
        before = page[0]?.timestamp;
      }
      if (people_id !== undefined) await client.website.getPeopleProfile(websiteId, people_id);
    },
  };
}
