import { DEFAULT_AWS_PORT, DEFAULT_PORT, type LocalOptions } from '../local-options.ts';
import type { LocalMode } from '../start-local-mode.ts';
import { DEMO_HOOK_SECRET, SIMULATOR_PORT } from '../start-simulated-crisp.ts';

/** What a person sees first: where everything is, what gave way to a busy port, and what to try. */
export function formatBanner({ health, crisp }: LocalMode, { port, awsPort }: LocalOptions): string {
  const { webhook, queues, aws } = health;
  const frontDoor = port.isDefault ? explainPort(webhook, DEFAULT_PORT) : '';
  // A service that is not embedded has the port that somebody gave it.
  const isEmbedded = aws.endpoints.sqs === aws.endpoints.s3;
  const sqs = awsPort.isDefault && isEmbedded ? explainPort(queues.records, DEFAULT_AWS_PORT) : '';
  const simulator =
    crisp && ` (simulator; controls at ${crisp.controlUrl}${explainPort(health.crisp, SIMULATOR_PORT)})`;
  const rows: [what: string, where: string][] = [
    ['webhook', `POST ${webhook}${frontDoor}`],
    ['Crisp', `${health.crisp}${simulator ?? ''}`],
    ['records', `${queues.records}${sqs}`],
    ['dead letters', queues['sessions-dlq']],
    ['addresses', `GET ${new URL('/healthz', webhook).href}`],
  ];
  if (crisp?.simulator.hookSecret === DEMO_HOOK_SECRET) rows.push(['hook secret', DEMO_HOOK_SECRET]);
  return ['crisp-enrich is ready.', ...rows.map(([what, where]) => `  ${what.padEnd(13)}${where}`), ''].join(
    '\n',
  );
}

/** Empty where the address has the usual port. */
function explainPort(url: string, usual: number): string {
  return new URL(url).port === String(usual) ? '' : `; ${usual} was in use`;
}
