import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { enrichedRecordSchema } from '../../lib/record/schema.ts';
import { createApiScene } from '../support/api-scene.ts';

describe('the OpenAPI document', () => {
  async function readDocument() {
    const { status, json } = await createApiScene().call({ path: '/v1/openapi.json' });
    expect(status).toBe(200);
    return json;
  }

  test('needs no key, and is valid OpenAPI 3.1', async () => {
    const document = await readDocument();
    const validator = new Validator();
    expect(await validator.validate(document)).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('the validator notices what is none', async () => {
    const document = await readDocument();
    document.paths['/v1/status'].get.responses = {};
    expect((await new Validator().validate(document)).valid).toBe(false);
  });

  test('refers to nothing that it does not have', async () => {
    const document = await readDocument();
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );

    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name = '') => !Object.hasOwn(document.components.schemas, name))).toEqual([]);
  });

  test('names every operation, the scope that it needs, and its failures', async () => {
    const { paths } = await readDocument();
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      // biome-ignore lint/suspicious/noExplicitAny: as the document has it.
      Object.entries(methods as Record<string, any>).map(([method, it]) => ({ path, method, it })),
    );

    expect(
      operations.map(({ path, method, it }) => `${method} ${path} ${it.operationId} ${it.security[0].key}`),
    ).toEqual([
      'get /v1/conversations/{session_id} getConversation read',
      'post /v1/conversations enqueueConversations enqueue',
      'get /v1/runs listRuns read',
      'get /v1/runs/{session_id} listSessionRuns read',
      'get /v1/status getStatus read',
      'post /v1/dlq/redrive redriveDeadLetters operate',
    ]);
    for (const { it } of operations) {
      expect(it.summary).toBeTruthy();
      expect(Object.keys(it.responses)).toEqual(expect.arrayContaining(['400', '401', '403', '500', '503']));
    }
  });

  test('describes a record with the fields of the record', async () => {
    const { components } = await readDocument();
    const described = Object.keys(components.schemas.EnrichedRecord.properties);
    expect(described.toSorted()).toEqual(Object.keys(enrichedRecordSchema.shape).toSorted());
  });
});
