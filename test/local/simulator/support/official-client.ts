import { Crisp } from 'crisp-api';
import type { Simulator } from '../../../../lib/local/simulator/simulator.ts';

/** The official client of Crisp, pointed at a simulator. */
export function createOfficialClient({ account }: Simulator, url: string): Crisp {
  const client = new Crisp();
  client.setRestHost(url);
  client.authenticateTier(account.tier, account.token.identifier, account.token.key);
  return client;
}
