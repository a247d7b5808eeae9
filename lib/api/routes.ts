import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import type { ApiScope } from '../config/api-keys.ts';
import { INCLUSIONS } from '../config/variables.ts';
import { MAX_RUNS } from './stage.ts';

// Each route with its request, its answers and the scope that it asks for: what the OpenAPI document is made of.

const sessionPath = z.object({
  session_id: z.string().meta({ example: 'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881' }),
});

const websiteQuery = {
  website_id: z.string().optional().meta({ description: 'Needed where there are several websites.' }),
};

const limitQuery = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'expected a whole number')
    .refine((text) => Number(text) >= 1 && Number(text) <= MAX_RUNS, `expected 1 to ${MAX_RUNS}`)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: MAX_RUNS, default: 50 }),
};

const INCLUDE = new RegExp(`^(?:${INCLUSIONS.join('|')})(?:,(?:${INCLUSIONS.join('|')}))*$`);

const conversationQuery = z
  .strictObject({
    ...websiteQuery,
    from: z
      .enum(['archive'])
      .optional()
      .meta({ description: 'The newest archived version, without asking Crisp.' }),
    include: z
      .string()
      .regex(INCLUDE, `expected some of ${INCLUSIONS.join(', ')}, separated by commas`)
      .optional()
      .meta({ description: 'Instead of what the stage includes.', example: 'profile,events' }),
  })
  .refine(({ from, include }) => from === undefined || include === undefined, {
    message: 'the archive has what was included when it was fetched',
    path: ['include'],
  });

const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .meta({ description: 'The same request with the same key gets the same answer for a day.' }),
});

function toProblem(description: string) {
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

const REFUSALS = {
  400: toProblem('The request is not as this document says.'),
  401: toProblem('No key, or none that is known.'),
  403: toProblem('The key has not the scope, or the website is not served.'),
  500: toProblem('A defect.'),
  503: toProblem('Not at the moment; `Retry-After` says when to come back.'),
};

const BODY_REFUSALS = {
  ...REFUSALS,
  409: toProblem('The same request is being answered, or a redrive is running.'),
  413: toProblem('The body has more than 256 KiB.'),
  415: toProblem('The body is not `application/json`.'),
  422: toProblem('Too many sessions, none that could be queued, or an idempotency key of another request.'),
};

function toJson(description: string, name: string) {
  return {
    description,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
  };
}

function toBody(name: string, required: boolean) {
  return { content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } }, required };
}

function secured(scope: ApiScope) {
  return { security: [{ key: [scope] }] };
}

/** The scope that a route asks for, as its document says. */
export function toScope({ security }: ReturnType<typeof secured>): ApiScope {
  const [scope] = security.flatMap(({ key }) => key);
  if (!scope) throw new Error('a route without a scope');
  return scope;
}

export const getConversationRoute = createRoute({
  method: 'get',
  path: '/v1/conversations/{session_id}',
  operationId: 'getConversation',
  summary: 'A conversation, fetched now',
  description: 'Nothing is archived or announced. Costs as many calls to Crisp as any fetch.',
  ...secured('read'),
  request: { params: sessionPath, query: conversationQuery },
  responses: {
    200: {
      description: 'The record; from the archive, the claim check of one that is larger than 5 MB.',
      content: {
        'application/json': {
          schema: {
            anyOf: [
              { $ref: '#/components/schemas/EnrichedRecord' },
              { $ref: '#/components/schemas/ClaimCheck' },
            ],
          },
        },
      },
    },
    202: toJson('Larger than 5 MB, or not read within 20 s: enqueued.', 'Enqueued'),
    ...REFUSALS,
    404: toProblem('Crisp has no such conversation, or the archive no version of it.'),
    502: toProblem('Crisp did not answer as it should.'),
  },
});

export const postConversationsRoute = createRoute({
  method: 'post',
  path: '/v1/conversations',
  operationId: 'enqueueConversations',
  summary: 'Enqueue up to 1,000 conversations',
  ...secured('enqueue'),
  request: { headers: idempotencyHeader, body: toBody('EnqueueRequest', true) },
  responses: { 202: toJson('What became of each.', 'EnqueueAnswer'), ...BODY_REFUSALS },
});

export const listRunsRoute = createRoute({
  method: 'get',
  path: '/v1/runs',
  operationId: 'listRuns',
  summary: 'The runs of all sessions within the last week',
  ...secured('read'),
  request: { query: z.strictObject(limitQuery) },
  responses: { 200: toJson('Newest first.', 'Runs'), ...REFUSALS },
});

export const listSessionRunsRoute = createRoute({
  method: 'get',
  path: '/v1/runs/{session_id}',
  operationId: 'listSessionRuns',
  summary: 'The runs of a session within the last 30 days',
  ...secured('read'),
  request: { params: sessionPath, query: z.strictObject({ ...websiteQuery, ...limitQuery }) },
  responses: { 200: toJson('Newest first.', 'Runs'), ...REFUSALS },
});

export const getStatusRoute = createRoute({
  method: 'get',
  path: '/v1/status',
  operationId: 'getStatus',
  summary: 'Queues, deliveries, breaker and the newest redrive',
  ...secured('read'),
  request: { query: z.strictObject({}) },
  responses: { 200: toJson('How the stage stands.', 'Status'), ...REFUSALS },
});

export const redriveRoute = createRoute({
  method: 'post',
  path: '/v1/dlq/redrive',
  operationId: 'redriveDeadLetters',
  summary: 'Bring dead letters back',
  description: 'Moves as many as go in 20 s at the given rate; call it again for the rest.',
  ...secured('operate'),
  request: { headers: idempotencyHeader, body: toBody('RedriveRequest', false) },
  responses: { 200: toJson('What was moved, and what was left and why.', 'RedriveAnswer'), ...BODY_REFUSALS },
});
