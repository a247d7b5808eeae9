/** What a refresh came to; a failure is thrown as `JobError`. */
export type RefreshResult =
  | { readonly outcome: 'emitted' | 'unchanged' | 'removed' | 'skipped' }
  | { readonly outcome: 'deferred'; readonly reason: string; readonly delaySeconds: number };
