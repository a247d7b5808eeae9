import { Crisp } from 'crisp-api';
import { onTestFinished } from 'vitest';
import type { ListeningServer } from '../../../../lib/local/http-server.ts';
import type { Simulator } from '../../../../lib/local/simulator/simulator.ts';
import { createSimulator } from '../../../../lib/local/simulator/simulator.ts';
import type { SimulatorOptions } from '../../../../lib/local/simulator/workspace.ts';
import { createVirtualClock, type VirtualClock } from '../../../support/virtual-clock.ts';

export interface Answer {
  readonly status: number;
  readonly reason: string;
  // Crisp's data has as many shapes as routes; tests say what they expect.
  readonly data: unknown;
  readonly headers: Headers;
}

export interface StartedSimulator {
  readonly simulator: Simulator;
  readonly server: ListeningServer;
  readonly clock: VirtualClock;
  /** Reads a route below `/v1/website/{the first website}/` with the right credentials. */
  get(path: string, init?: { headers?: Record<string, string>; method?: string }): Promise<Answer>;
}

/** A simulator that listens on a free port, on a clock that the test turns. It stops with the test. */
export async function startSimulator(options: Partial<SimulatorOptions> = {}): Promise<StartedSimulator> {
  const clock = createVirtualClock();
  const simulator = createSimulator({ clock, ...options });
  const server = await simulator.listen();
  onTestFinished(async () => {
    await server.stop();
    await simulator.stop();
  });

  return {
    simulator,
    server,
    clock,
    get: (path, init = {}) => {
      const headers = { ...toCredentials(simulator), ...init.headers };
      const url = `${server.url}/v1/website/${simulator.websiteId}/${path}`;
      return fetchAnswer(url, { ...init, headers });
    },
  };
}

export function toCredentials({ account }: Simulator): Record<string, string> {
  const { identifier, key } = account.token;
  return {
    Authorization: `Basic ${Buffer.from(`${identifier}:${key}`).toString('base64')}`,
    'X-Crisp-Tier': account.tier,
  };
}

export async function fetchAnswer(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  const { reason, data } = text === '' ? { reason: '', data: undefined } : JSON.parse(text);
  return { status: response.status, reason, data, headers: response.headers };
}

/** The official client of Crisp, pointed at a simulator. */
export function createOfficialClient({ account }: Simulator, url: string): Crisp {
  const client = new Crisp();
  client.setRestHost(url);
  client.authenticateTier(account.tier, account.token.identifier, account.token.key);
  return client;
}
