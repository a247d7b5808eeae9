/**
 * What the answers to one token have shown about page statuses, for as long as the process lives. That 206 means "more"
 * and 200 means "no more" rests on one reply of a maintainer: a server that has never sent a 206 may know none.
 */
export interface PagingTrust {
  has206BeenSeen: boolean;
  /** A 200 was followed by older messages: from then on no 200 is believed. */
  has200Lied: boolean;
}

export function createPagingTrust(): PagingTrust {
  return { has206BeenSeen: false, has200Lied: false };
}
