export type Tier = 'plugin' | 'website';

/** The token that the simulated Crisp accepts. It may be rolled, and its scopes changed, at any time. */
export interface Account {
  token: { readonly identifier: string; readonly key: string };
  readonly tier: Tier;
  /** Undefined: all, as a development token of a plugin. */
  scopes: ReadonlySet<string> | undefined;
}
