import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCrispApi } from '../../../lib/adapters/crisp/create-crisp-api.ts';
import type { CrispPool } from '../../../lib/adapters/crisp/crisp-http.ts';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import type { CrispApi } from '../../../lib/ports/crisp-api.ts';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';
import { HOSTILE_VALUES } from '../../support/hostile-ids.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
const session = aSession();
const READS: readonly ((crisp: CrispApi) => Promise<unknown>)[] = [
  (crisp) => crisp.getConversation(session),
  (crisp) => crisp.listMessages(session, 7),
  (crisp) => crisp.getProfile(session.websiteId, PEOPLE_ID),
  (crisp) => crisp.listVisitedPages(session, 1),
  (crisp) => crisp.listEvents(session, 1),
  (crisp) => crisp.getRelations(session),
  (crisp) => crisp.getWebsite(session.websiteId),
];

const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(...HOSTILE_VALUES));
const object = fc.dictionary(
  fc.constantFrom('session_id', 'website_id', 'people_id', 'reason', 'message', '__proto__'),
  fc.oneof(odd, fc.constantFrom(WEBSITE_ID, session.sessionId, PEOPLE_ID)),
);
const good = fc.record({
  error: fc.constant(false),
  data: fc.oneof(object, fc.array(object), fc.constantFrom(null, undefined, '', []), odd),
});
const text = fc
  .oneof(
    { weight: 4, arbitrary: good },
    fc.record({ error: odd, reason: odd, data: fc.oneof(object, odd) }, { requiredKeys: [] }),
    odd,
  )
  .map((value) => Buffer.from(JSON.stringify(value)));
const body = fc.oneof(
  { weight: 6, arbitrary: text },
  text.map((bytes) => gzipSync(bytes)),
  fc.tuple(text, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
const header = fc.oneof(
  fc.string(),
  fc.array(fc.string()),
  fc.constantFrom('gzip', '7', '-1', 'https://[', '//x'),
);
const headers = fc.dictionary(
  fc.constantFrom('content-type', 'content-encoding', 'content-length', 'retry-after', 'location'),
  header,
);
const answer = fc.record({
  statusCode: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(200, 200, 200, 206, 404, 302, 429) },
    fc.integer({ min: 200, max: 599 }),
  ),
  headers: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, headers),
  body,
});

/** A pool whose every request gets the same answer. */
function aPool({ body, ...answer }: { statusCode: number; headers: object; body: Buffer }): CrispPool {
  const request = async () => ({ ...answer, body: Readable.from(body.length > 0 ? [body] : []) });
  // The parts of undici's answer that are read.
  return { request, destroy: async () => {} } as unknown as CrispPool;
}

test('R1 R2 R3 R4 R6 whatever Crisp answers, each read gives data, or a JobError that is no defect of ours', async () => {
  const codes = new Set<string>();

  await fc.assert(
    fc.asyncProperty(answer, fc.constantFrom(...READS), async (given, read) => {
      const crisp = createCrispApi({
        baseUrl: new URL('https://api.example.com/v1'),
        tier: 'plugin',
        secrets: { hookSecrets: async () => [], crispToken: async () => ({ identifier: 'id', key: 'key' }) },
        throttle: { take: async () => {}, noteRefusal: () => {}, ratePerSecond: 10 },
        clock: createVirtualClock(),
        maxResponseBytes: 10_000,
        pool: aPool(given),
      });
      const failure: unknown = await read(crisp).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );

      if (failure === undefined) return;
      expect(failure).toBeInstanceOf(JobError);
      const { code } = failure as JobError; // The line above says so.
      codes.add(code);
      expect(code).not.toBe('unexpected');
    }),
    { numRuns: 2000 },
  );

  expect([...codes]).toEqual(
    expect.arrayContaining(['bad_response', 'crisp_error', 'bad_encoding', 'session_mismatch']),
  );
});
