import * as z from 'zod';

export const RECORD_SCHEMA_ID = 'crisp-enrich/conversation/v1';

/** Anything Crisp may add is passed on, so every object that holds Crisp's fields is a loose one. */
const crispObjectSchema = z.record(z.string(), z.unknown());

const headerShape = {
  schema: z.literal(RECORD_SCHEMA_ID),
  website_id: z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  session_id: z.string().regex(/^session_[0-9A-Za-z_-]{1,64}$/),
  version: z.int().positive().describe('Grows with every announcement of a session: the highest wins.'),
};

const contentHashSchema = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .describe('Equal for equal content: a duplicate carries the hash of its twin.');

/** Crisp's conversation object. The types are those that Crisp documents; its values are passed on unchecked. */
const conversationShape = {
  state: z.string().nullish().describe('pending, unresolved or resolved.'),
  is_verified: z.boolean().nullish(),
  is_blocked: z.boolean().nullish(),
  people_id: z.string().nullish(),
  inbox_id: z.string().nullish().describe('Null for the default inbox.'),
  assigned: crispObjectSchema
    .nullish()
    .describe('{ user_id } of the operator; absent or null where there is none.'),
  topic: z.string().nullish(),
  participants: z.array(z.unknown()).nullish(),
  created_at: z.number().nullish().describe('Epoch ms.'),
  updated_at: z.number().nullish().describe('Epoch ms.'),
  meta: z
    .looseObject({
      nickname: z.string().nullish(),
      email: z.string().nullish(),
      segments: z.array(z.string()).nullish(),
      data: crispObjectSchema.nullish(),
    })
    .nullish(),
};

const metricsSchema = z.looseObject({
  messages: z.int().nonnegative().describe('All of them, notes and events included.'),
  by_visitor: z.int().nonnegative(),
  by_operator: z.int().nonnegative().describe('People and bots; without notes and events.'),
  notes: z.int().nonnegative(),
  first_response_ms: z
    .number()
    .nonnegative()
    .nullable()
    .describe("From the visitor's first message to the first answer of a person; null where there is none."),
  duration_ms: z
    .number()
    .nonnegative()
    .nullable()
    .describe('From the oldest to the newest message; null where there is none.'),
});

const enrichmentSchema = z.looseObject({
  complete: z.literal(true).describe('A history that is not proven complete is never announced.'),
  mode: z.enum(['incremental', 'full']),
  pages: z.int().nonnegative().describe('Pages of messages that were read.'),
  terminated_by: z.enum(['http_200', 'empty_page']).describe('What proved that no older message exists.'),
  covers_latest_message: z
    .boolean()
    .nullable()
    .describe(
      'Whether the newest message that Crisp knows of is among `messages`; null where none is known.',
    ),
  api_calls: z.int().nonnegative(),
  profile_cached: z.boolean(),
  absorbed: z.int().nonnegative().describe('Queue messages beyond the first that this fetch answered.'),
});

export const enrichedRecordSchema = z
  .looseObject({
    ...headerShape,
    kind: z.literal('conversation.enriched'),
    content_hash: contentHashSchema,
    fetched_at: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
      .describe('When the fetch began: the content is at least as new as this.'),
    ...conversationShape,
    messages: z.array(z.unknown()).describe('Complete, oldest first, as Crisp returns them.'),
    profile: crispObjectSchema.nullable().describe('The people profile; null for a visitor without one.'),
    pages: z.array(z.unknown()).optional().describe('Visited pages, where they are included.'),
    events: z.array(z.unknown()).optional().describe('Custom events, where they are included.'),
    relations: crispObjectSchema.optional().describe('Related conversations, where they are included.'),
    metrics: metricsSchema,
    enrichment: enrichmentSchema,
    claim_check: z.never().optional(),
  })
  .meta({ title: 'EnrichedRecord', description: 'A conversation, complete.' });

export const claimCheckSchema = z
  .looseObject({
    ...headerShape,
    kind: z.literal('conversation.enriched'),
    content_hash: contentHashSchema,
    state: z.string().nullable(),
    claim_check: z.looseObject({
      bucket: z.string().min(1),
      key: z.string().min(1),
      bytes: z.int().positive(),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .describe("Of the archived object's bytes."),
    }),
    messages: z.never().optional(),
  })
  .meta({ title: 'ClaimCheck', description: 'An enriched record too large to travel: where to fetch it.' });

export const removedRecordSchema = z
  .looseObject({
    ...headerShape,
    kind: z.literal('conversation.removed'),
    reason: z.string().min(1),
  })
  .meta({ title: 'RemovedRecord', description: 'Crisp no longer has the conversation.' });

/** What a subscriber of the records topic can receive. */
export const recordSchema = z.union([enrichedRecordSchema, claimCheckSchema, removedRecordSchema]);

export type EnrichedRecord = z.infer<typeof enrichedRecordSchema>;
export type ClaimCheck = z.infer<typeof claimCheckSchema>;
export type RemovedRecord = z.infer<typeof removedRecordSchema>;
