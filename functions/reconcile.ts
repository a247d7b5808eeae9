import { startReconcile } from '../lib/operate/reconcile-sweeps.ts';

/** Lambda: looks regularly for conversations that Crisp has updated and that no hook told of. */
export const handler = startReconcile();
