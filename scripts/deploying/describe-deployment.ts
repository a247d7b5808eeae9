import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { loadDeploySettings } from '../../lib/app/load-config.ts';
import { openSecretStore } from '../../lib/app/open-secret-store.ts';
import { formatNextSteps } from './format-next-steps.ts';
import { readWebhookUrl } from './read-webhook-url.ts';

/** The hook's URL and what is left to do, for whoever has just deployed. */
export async function describeDeployment(place: {
  readonly stage: string;
  readonly region: string;
}): Promise<string> {
  const client = new CloudFormationClient({ region: place.region });
  const store = openSecretStore(place);
  try {
    const [webhookUrl = 'see the output WebhookUrl of the stack', secrets] = await Promise.all([
      readWebhookUrl(client, place.stage),
      store.list(),
    ]);
    const hasHookSecret = secrets.some(({ name }) => name === 'CRISP_HOOK_SECRETS');
    const isWebsite = loadDeploySettings().environment.CRISP_HOOK_MODE?.trim().toLowerCase() === 'website';
    const hookMode = isWebsite ? 'website' : 'plugin';
    return formatNextSteps({ ...place, webhookUrl, hookMode, hasHookSecret });
  } finally {
    client.destroy();
    store.close();
  }
}
