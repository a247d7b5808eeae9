import * as z from 'zod/mini';
import { VOLATILE_MESSAGE_FIELDS } from '../crisp/volatile.ts';

export const RECORD_SCHEMA_ID = 'crisp-enrich/conversation/v1';

/** Anything Crisp may add is passed on, so every object that holds Crisp's fields is a loose one. */
const crispObjectSchema = z.record(z.string(), z.unknown());

const PEOPLE_ID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

const headerShape = {
  schema: z.literal(RECORD_SCHEMA_ID),
  website_id: z.string().check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)),
  session_id: z.string().check(z.regex(/^session_[0-9A-Za-z_-]{1,64}$/)),
  version: z
    .int()
    .check(z.positive(), z.describe('Grows with every announcement of a session: the highest wins.')),
};

const contentHashSchema = z
  .string()
  .check(
    z.regex(/^sha256:[0-9a-f]{64}$/),
    z.describe('Equal for equal content: a duplicate carries the hash of its twin.'),
  );

/**
 * Crisp's conversation object, with the types that Crisp documents. Any field may be absent or null: one that Crisp sends
 * as something else is null or empty, and stands in `enrichment.odd_fields`.
 */
export const conversationShape = {
  state: z.nullish(z.string()).check(z.describe('pending, unresolved or resolved.')),
  is_verified: z.nullish(z.boolean()),
  is_blocked: z.nullish(z.boolean()),
  people_id: z.nullish(z.string().check(z.regex(PEOPLE_ID))),
  inbox_id: z.nullish(z.string()).check(z.describe('Null for the default inbox.')),
  assigned: z
    .nullish(z.looseObject({ user_id: z.nullish(z.string()) }))
    .check(z.describe('The operator; absent or null where there is none.')),
  topic: z.nullish(z.string()),
  participants: z.nullish(z.array(z.unknown())),
  created_at: z.nullish(z.number()).check(z.describe('Epoch ms.')),
  updated_at: z.nullish(z.number()).check(z.describe('Epoch ms.')),
  meta: z.nullish(
    z.looseObject({
      nickname: z.nullish(z.string()),
      email: z.nullish(z.string()),
      phone: z.nullish(z.string()),
      address: z.nullish(z.string()),
      subject: z.nullish(z.string()),
      ip: z.nullish(z.string()),
      origin: z.nullish(z.string()),
      avatar: z.nullish(z.string()),
      segments: z.nullish(z.array(z.string())),
      data: z.nullish(crispObjectSchema),
    }),
  ),
};

const metricsSchema = z.looseObject({
  messages: z.int().check(z.nonnegative(), z.describe('All of them, notes and events included.')),
  by_visitor: z.int().check(z.nonnegative()),
  by_operator: z.int().check(z.nonnegative(), z.describe('People and bots; without notes and events.')),
  notes: z.int().check(z.nonnegative()),
  first_response_ms: z
    .nullable(z.number().check(z.nonnegative()))
    .check(
      z.describe(
        "From the visitor's first message to the first answer of a person; null where there is none.",
      ),
    ),
  duration_ms: z
    .nullable(z.number().check(z.nonnegative()))
    .check(z.describe('From the oldest to the newest message; null where there is none.')),
});

const enrichmentSchema = z.looseObject({
  complete: z.literal(true).check(z.describe('A history that is not proven complete is never announced.')),
  mode: z
    .enum(['incremental', 'full'])
    .check(z.describe('full: all was read anew. incremental: some of it is from the version before.')),
  pages: z.int().check(z.nonnegative(), z.describe('Pages of messages that were read.')),
  terminated_by: z
    .enum(['http_200', 'empty_page', 'archive_overlap'])
    .check(
      z.describe(
        'What proved that the history is whole: the end of the pages, or an overlap with the archived version.',
      ),
    ),
  covers_latest_message: z
    .nullable(z.boolean())
    .check(
      z.describe(
        'Whether the newest message that Crisp knows of is among `messages`; null where none is known.',
      ),
    ),
  api_calls: z.int().check(z.nonnegative()),
  profile_cached: z.boolean().check(z.describe('Whether the profile is that of an earlier record.')),
  profile_fetched_at: z
    .nullish(z.string())
    .check(z.describe('When the profile was read; null where none was, or where it could not be used.')),
  absorbed: z
    .int()
    .check(
      z.nonnegative(),
      z.describe('Queue messages of the conversation so far that had no fetch of their own.'),
    ),
  odd_fields: z
    .array(z.looseObject({ path: z.string().check(z.minLength(1)), value: z.unknown() }))
    .check(
      z.describe(
        "Values of Crisp's that have another type than this schema promises: in their place stands null, an empty list or an empty object; odd entries of a list are left out of it.",
      ),
    ),
});

export const enrichedRecordSchema = z
  .looseObject({
    ...headerShape,
    kind: z.literal('conversation.enriched'),
    content_hash: contentHashSchema,
    fetched_at: z
      .string()
      .check(
        z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
        z.describe('When the fetch began: the content is at least as new as this.'),
      ),
    ...conversationShape,
    messages: z.array(z.unknown()).check(z.describe('Complete, oldest first, as Crisp returns them.')),
    profile: z
      .nullable(crispObjectSchema)
      .check(
        z.describe(
          'The people profile; null for a visitor without one, and where Crisp sent that of another person.',
        ),
      ),
    pages: z.optional(z.array(z.unknown())).check(z.describe('Visited pages, where they are included.')),
    events: z.optional(z.array(z.unknown())).check(z.describe('Custom events, where they are included.')),
    relations: z
      .optional(crispObjectSchema)
      .check(z.describe('Related conversations, where they are included.')),
    metrics: metricsSchema,
    enrichment: enrichmentSchema,
    claim_check: z.optional(z.never()),
  })
  .check(z.meta({ title: 'EnrichedRecord', description: 'A conversation, complete.' }));

export const claimCheckSchema = z
  .looseObject({
    ...headerShape,
    kind: z.literal('conversation.enriched'),
    content_hash: contentHashSchema,
    state: z.nullable(z.string()),
    claim_check: z.looseObject({
      bucket: z.string().check(z.minLength(1)),
      key: z.string().check(z.minLength(1)),
      bytes: z.int().check(z.positive()),
      sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/), z.describe("Of the archived object's bytes.")),
    }),
    messages: z.optional(z.never()),
  })
  .check(
    z.meta({
      title: 'ClaimCheck',
      description: 'An enriched record too large to travel: where to fetch it.',
    }),
  );

export const removedRecordSchema = z
  .looseObject({
    ...headerShape,
    kind: z.literal('conversation.removed'),
    reason: z.string().check(z.minLength(1)),
  })
  .check(z.meta({ title: 'RemovedRecord', description: 'Crisp no longer has the conversation.' }));

/** What a subscriber of the records topic can receive. */
export const recordSchema = z.union([enrichedRecordSchema, claimCheckSchema, removedRecordSchema]);

export type EnrichedRecord = z.infer<typeof enrichedRecordSchema>;
export type ClaimCheck = z.infer<typeof claimCheckSchema>;
export type RemovedRecord = z.infer<typeof removedRecordSchema>;

/** The published JSON Schema (2020-12) of everything that the records topic carries, as the text of its file. */
export function recordJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(recordSchema);
  const document = {
    $schema,
    $id: RECORD_SCHEMA_ID,
    title: 'What the records topic of crisp-enrich carries, version 1',
    ...schema,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

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
  message: VOLATILE_MESSAGE_FIELDS,
} as const;
