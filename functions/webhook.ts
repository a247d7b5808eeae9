import { startWebhook } from '../lib/app/start-webhook.ts';

/** Lambda: takes Crisp's web hooks at a Function URL, `POST /webhook`. */
export const handler = startWebhook();
