/**
 * What may differ between two fetches of the same content, and is therefore left out of `content_hash`: who is online,
 * what was read, when it was fetched and how. docs/record.md lists them for consumers.
 */
export const VOLATILE_FIELDS = {
  /** Of the record itself. */
  record: [
    'version',
    'fetched_at',
    'updated_at',
    'availability',
    'active',
    'unread',
    'waiting_since',
    'enrichment',
  ],
  /** Of each of its messages. */
  message: ['read', 'delivered', 'ignored', 'preview'],
} as const;
