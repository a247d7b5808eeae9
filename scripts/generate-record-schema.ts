import { readFileSync, writeFileSync } from 'node:fs';
import { recordJsonSchema } from '../lib/record/schema.ts';

// Writes docs/record.schema.json from the zod schema; with --check it only says whether the file is up to date.
const file = new URL('../docs/record.schema.json', import.meta.url);
const expected = recordJsonSchema();

if (!process.argv.includes('--check')) {
  writeFileSync(file, expected);
  console.log('docs/record.schema.json written');
} else if (readFileSync(file, 'utf8') === expected) {
  console.log('docs/record.schema.json is up to date');
} else {
  console.error(
    'docs/record.schema.json differs from the schema: run node scripts/generate-record-schema.ts',
  );
  process.exitCode = 1;
}
