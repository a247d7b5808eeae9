import type { IgnoredCode } from './decide-hook.ts';

/**
 * What became of a genuine delivery. `queued`: the queue has its job for good. `ignored`: it is of no interest. Whatever
 * is neither is a `HookRefusedError`.
 */
export type AcceptedHook =
  | { readonly outcome: 'queued'; readonly messageId: string }
  | { readonly outcome: 'ignored'; readonly code: IgnoredCode };
