/** One thing that happens in a conversation, `at` milliseconds after its scene began. */
export type Line = { readonly at: number } & (
  | { readonly does: 'visitor-writes' | 'operator-writes' | 'operator-notes'; readonly text: string }
  /** The newest message of that side is edited. */
  | { readonly does: 'visitor-edits' | 'operator-edits'; readonly text: string }
  /** The newest message of the operator is deleted. */
  | { readonly does: 'operator-retracts' }
  | { readonly does: 'visitor-sends-photo' | 'operator-offers-choice' | 'visitor-chooses' | 'visitor-types' }
  | { readonly does: 'operator-takes-over' | 'operator-reads' | 'operator-resolves' | 'operator-deletes' }
  | { readonly does: 'visitor-rates'; readonly stars: number }
  | { readonly does: 'operator-tags'; readonly segment: string }
);

/** A conversation of the shop's day, from its first to its last line. */
export interface Scene {
  readonly title: string;
  /** `new`: the visitor has never been here. `returning`: the conversation has a history. */
  readonly visitor: 'new' | 'returning';
  readonly lines: readonly Line[];
}
