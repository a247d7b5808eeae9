import { startWebhook } from '../lib/webhook/handler.ts';

/** Lambda: takes Crisp's web hooks at a Function URL, `POST /webhook`. */
export const handler = startWebhook();
