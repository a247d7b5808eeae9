import type { LocalMode } from '../start-local-mode.ts';
import { DEMO_HOOK_SECRET } from '../start-simulated-crisp.ts';

/** What a person sees first: where everything is, and what to try. */
export function formatBanner({ health, crisp }: LocalMode): string {
  const rows: [what: string, where: string][] = [
    ['webhook', `POST ${health.webhook}`],
    ['Crisp', crisp ? `${health.crisp} (simulator; controls at ${crisp.controlUrl})` : health.crisp],
    ['records', health.queues.records],
    ['dead letters', health.queues['sessions-dlq']],
    ['addresses', `GET ${new URL('/healthz', health.webhook).href}`],
  ];
  if (crisp?.simulator.hookSecret === DEMO_HOOK_SECRET) rows.push(['hook secret', DEMO_HOOK_SECRET]);
  return ['crisp-enrich is ready.', ...rows.map(([what, where]) => `  ${what.padEnd(13)}${where}`), ''].join(
    '\n',
  );
}
