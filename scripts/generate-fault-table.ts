import { writeFileSync } from 'node:fs';
import { CATALOGUE } from '../test/chaos/faults/catalogue.ts';
import { toFaultTable } from '../test/docs/documents.ts';

// Writes docs/faults.md from the catalogue of the chaos runs.
writeFileSync(new URL('../docs/faults.md', import.meta.url), toFaultTable(CATALOGUE));
console.log('docs/faults.md written');
