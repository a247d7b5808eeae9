import * as z from 'zod/mini';
import { RECORD_SCHEMA_ID, recordSchema } from './schema.ts';

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
