/**
 * What changes of a message by itself: where it was read and delivered, and what a link shows. In a file of its own
 * because the published schema of records names it, without loading how messages are merged.
 */
export const VOLATILE_MESSAGE_FIELDS = ['read', 'delivered', 'ignored', 'preview'] as const;
