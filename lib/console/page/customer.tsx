import type { RecordView, Row } from './record.ts';
import { State } from './state.tsx';
import { Text } from './text.tsx';
import { formatMoment, plural } from './words.ts';

/** Who it is, what state the conversation is in, and what proves that the record is whole. */
export function Customer({ record }: { record: RecordView }) {
  return (
    <>
      <section>
        <h2 class="label">Customer</h2>
        <p class="customer-name">
          <Text>{record.name ?? 'anonymous visitor'}</Text>
        </p>
        {record.email !== null && (
          <p class="muted">
            <Text>{record.email}</Text>
          </p>
        )}
        {record.segments.length > 0 && (
          <ul class="chips" aria-label="Segments">
            {record.segments.map((segment) => (
              <li key={segment}>
                <Text>{segment}</Text>
              </li>
            ))}
          </ul>
        )}
        <Rows rows={record.customer} />
      </section>
      {record.data.length > 0 && (
        <section>
          <h2 class="label">Data</h2>
          <Rows rows={record.data} />
        </section>
      )}
      <section>
        <h2 class="label">Conversation</h2>
        <Rows rows={record.conversation} />
      </section>
      {record.proof && <ProofView proof={record.proof} />}
    </>
  );
}

function Rows({ rows }: { rows: readonly Row[] }) {
  if (rows.length === 0) return null;
  return (
    <dl class="facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>
            <Text>{label}</Text>
          </dt>
          <dd>
            <Text>{value}</Text>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const ENDS: Readonly<Record<string, string>> = {
  http_200: 'ended by HTTP 200',
  empty_page: 'ended by an empty page',
  archive_overlap: 'overlaps the version before',
};

function ProofView({ proof }: { proof: NonNullable<RecordView['proof']> }) {
  const { isComplete, pages, endedBy, hasNewest, mode, calls, isProfileCached, fetchedAtMs, oddFields } =
    proof;
  return (
    <section>
      <h2 class="label">Proof</h2>
      <ul class="proof">
        <li>
          <State tone={isComplete ? 'ok' : 'bad'}>{isComplete ? 'complete' : 'not complete'}</State>
        </li>
        <li>
          <State tone="ok">
            {plural(pages, 'page')}, {ENDS[endedBy] ?? endedBy}
          </State>
        </li>
        <li>
          <State tone={hasNewest === false ? 'warn' : 'ok'}>
            {hasNewest === false
              ? 'newest message not present'
              : hasNewest
                ? 'newest message present'
                : 'no newest message known'}
          </State>
        </li>
        {oddFields > 0 && (
          <li>
            <State tone="warn">{plural(oddFields, 'odd field')} of Crisp’s set aside</State>
          </li>
        )}
      </ul>
      <p class="muted">
        {mode} fetch, {plural(calls, 'call')}
        {isProfileCached && ', profile cached'}
        {fetchedAtMs !== null && <>, {formatMoment(fetchedAtMs)}</>}
      </p>
    </section>
  );
}
