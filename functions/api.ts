import { startApi } from '../lib/api/handler.ts';

/** Lambda: answers any application at a Function URL below `/v1`. */
export const handler = startApi();
