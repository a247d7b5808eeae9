import { JobError } from '../errors/job-error.ts';
import { type EnrichedRecord, enrichedRecordSchema } from './schema.ts';

/**
 * Refuses a record that is not what the published schema promises its readers. Odd fields of Crisp's are set aside before,
 * so this is a defect of ours, which must not reach anybody. Throws `schema_mismatch` with the field's path; its
 * value is in no message.
 */
export function expectRecord(record: EnrichedRecord): void {
  const [issue] = enrichedRecordSchema.safeParse(record).error?.issues ?? [];
  if (issue === undefined) return;
  const expected = issue.code === 'invalid_type' ? `expected ${issue.expected}` : issue.code;
  throw new JobError('schema_mismatch', { detail: issue.path.join('.'), hint: expected });
}
