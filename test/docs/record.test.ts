import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contentHash } from '../../lib/core/record/content-hash.ts';
import { toMetrics } from '../../lib/core/record/metrics.ts';
import { recordJsonSchema } from '../../lib/core/record/record-json-schema.ts';
import { enrichedRecordSchema, recordSchema } from '../../lib/core/record/schema.ts';
import { VOLATILE_FIELDS } from '../../lib/core/record/volatile-fields.ts';

describe('the documents about the record', () => {
  test('record.schema.json is what the schema says (node scripts/generate-record-schema.ts writes it)', () => {
    expect(readDocument('record.schema.json')).toBe(recordJsonSchema());
  });

  test('record.example.json is a record, with its own hash and metrics', () => {
    const example: unknown = JSON.parse(readDocument('record.example.json'));

    const record = enrichedRecordSchema.parse(example);

    expect(record.content_hash).toBe(contentHash(record));
    expect(record.metrics).toEqual(toMetrics(record.messages));
  });

  test('record.md names every volatile field and every field of ours', () => {
    const names = [
      ...VOLATILE_FIELDS.record,
      ...VOLATILE_FIELDS.message,
      ...Object.keys(enrichedRecordSchema.shape.metrics.shape),
      ...Object.keys(enrichedRecordSchema.shape.enrichment.shape),
    ];
    const text = readDocument('record.md');

    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  test('the examples of record.md are records', () => {
    const examples = [...readDocument('record.md').matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) =>
      JSON.parse(json),
    );

    expect(examples).toHaveLength(2);
    for (const example of examples) expect(recordSchema.safeParse(example).error).toBeUndefined();
  });
});

function readDocument(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
}
