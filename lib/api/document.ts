import type { OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import { VERSION } from '../ids.ts';
import { claimCheckSchema, enrichedRecordSchema } from '../record/schema.ts';
import { enqueueAnswerSchema, enqueueRequestSchema } from './enqueue.ts';
import { API_PROBLEMS } from './problem.ts';
import { redriveAnswerSchema, redriveRequestSchema, runsAnswerSchema, statusAnswerSchema } from './stage.ts';

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(API_PROBLEMS)),
  detail: z.string().optional(),
  request_id: z.string(),
  archived: z.string().optional().meta({ description: 'Where the newest archived version is.' }),
});

const enqueuedSchema = z.object({
  status: z.literal('queued'),
  reason: z.enum(['too_large', 'took_too_long']),
  message_id: z.string(),
  archived: z.string(),
});

/** What the routes refer to by name. */
const SCHEMAS = {
  EnrichedRecord: enrichedRecordSchema,
  ClaimCheck: claimCheckSchema,
  Enqueued: enqueuedSchema,
  EnqueueRequest: enqueueRequestSchema,
  EnqueueAnswer: enqueueAnswerSchema,
  Runs: runsAnswerSchema,
  Status: statusAnswerSchema,
  RedriveRequest: redriveRequestSchema,
  RedriveAnswer: redriveAnswerSchema,
  Problem: problemSchema,
};

/** The OpenAPI 3.1 document of an app: its routes, and the schemas by which requests are read and records are checked. */
// biome-ignore lint/suspicious/noExplicitAny: of any app, whatever its bindings.
export function toOpenApiDocument(app: OpenAPIHono<any>): object {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'crisp-enrich',
      version: VERSION,
      description: 'Complete Crisp conversations: fetched now, from the archive, or enqueued.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    tags: [],
  });
  const schemas = Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [name, toSchema(schema)]),
  );
  const securitySchemes = {
    key: {
      type: 'http',
      scheme: 'bearer',
      description: 'A key of API_KEYS; each operation names the scope it needs.',
    },
  };
  return { ...document, components: { schemas, securitySchemes } };
}

/** OpenAPI 3.1 takes JSON Schema as it is. */
function toSchema(schema: z.core.$ZodType): object {
  const { $schema, id, ...rest } = z.toJSONSchema(schema);
  return rest;
}
