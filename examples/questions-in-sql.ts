// Answers questions about all conversations with SQL: copies the archive into a folder, what is there already left out,
// and lets DuckDB read the JSON. The archive holds every version, so each question begins with the newest ones.
//
//   ARCHIVE_BUCKET=… node examples/questions-in-sql.ts ./archive
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance, type Json } from '@duckdb/node-api';

/** Copies the versions that the folder lacks: an archived version never changes. Resolves to how many. */
export async function copyArchive(client: S3Client, Bucket: string, folder: string): Promise<number> {
  let copied = 0;
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: 'records/' })) {
    for (const { Key = '', Size } of Contents) {
      const file = join(resolve(folder), Key);
      if (!file.startsWith(resolve(folder) + sep)) throw new Error('a key of the archive leads out of it');
      const sizeHere = await stat(file).then(
        ({ size }) => size,
        () => undefined,
      );
      if (sizeHere === Size) continue;
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, (await Body?.transformToByteArray()) ?? '');
      copied += 1;
    }
  }
  return copied;
}

// Named columns instead of guessed ones: a field that no record has yet is null, and no custom field is looked at.
const NEWEST = `create view conversations as
select * from read_json($FILES, format = 'unstructured', maximum_object_size = 268435456, columns = {
  website_id: 'VARCHAR', session_id: 'VARCHAR', version: 'BIGINT', kind: 'VARCHAR', state: 'VARCHAR',
  meta: 'STRUCT(segments VARCHAR[])', metrics: 'STRUCT(messages BIGINT, first_response_ms DOUBLE)'
})
qualify row_number() over (partition by website_id, session_id order by version desc) = 1`;

const QUESTIONS = {
  'First response': `select count(*)::integer as conversations,
    count(metrics.first_response_ms)::integer as answered,
    median(metrics.first_response_ms) / 1000 as median_seconds,
    quantile_cont(metrics.first_response_ms, 0.9) / 1000 as p90_seconds
  from conversations where kind = 'conversation.enriched'`,
  'By state and segment': `select coalesce(state, 'none') as state, segment, count(*)::integer as conversations
  from (
    select state, unnest(case when len(meta.segments) > 0 then meta.segments else ['none'] end) as segment
    from conversations where kind = 'conversation.enriched'
  )
  group by all order by all`,
};

/** The answers from the JSON files of `folder`: the rows of each question. */
export async function answerQuestions(
  folder: string,
): Promise<Record<keyof typeof QUESTIONS, Record<string, Json>[]>> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const files = join(folder, 'records/*/*/*.json').replaceAll("'", "''");
    await connection.run(NEWEST.replace('$FILES', () => `'${files}'`));
    const ask = async (question: keyof typeof QUESTIONS) =>
      (await connection.runAndReadAll(QUESTIONS[question])).getRowObjectsJson();
    return {
      'First response': await ask('First response'),
      'By state and segment': await ask('By state and segment'),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

if (import.meta.main) {
  const { ARCHIVE_BUCKET = '' } = process.env;
  const folder = process.argv[2] ?? 'archive';
  console.log(
    `${await copyArchive(new S3Client({ forcePathStyle: true }), ARCHIVE_BUCKET, folder)} new versions`,
  );
  for (const [question, rows] of Object.entries(await answerQuestions(folder))) {
    console.log(`\n${question}`);
    console.table(rows);
  }
}
