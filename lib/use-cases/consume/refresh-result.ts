/** What a refresh came to; a failure is thrown as `JobError`. `held`: the breaker opened instead of its last step. */
export type RefreshResult =
  | { readonly outcome: 'emitted' | 'unchanged' | 'removed' | 'skipped' }
  | { readonly outcome: 'deferred'; readonly reason: string; readonly delaySeconds: number }
  | { readonly outcome: 'held'; readonly reason: string };
