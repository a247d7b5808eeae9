import type { FauxqsApp } from '../fauxqs-app.ts';
import type { S3Store } from '../fauxqs-internals.ts';

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const PRECONDITION_FAILED: Refusal = {
  status: 412,
  code: 'PreconditionFailed',
  message: 'At least one of the pre-conditions you specified did not hold',
};

const NO_SUCH_KEY: Refusal = {
  status: 404,
  code: 'NoSuchKey',
  message: 'The specified key does not exist.',
};

/** fauxqs ignores the conditions of a PutObject; S3 holds `If-None-Match: *` and `If-Match: ETAG`. */
export function mendConditionalPuts(app: FauxqsApp, store: S3Store): void {
  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'PUT') return undefined;
    // The routes of objects have these two parameters, all others do not.
    const { bucket, '*': key } = request.params as { bucket?: string; '*'?: string };
    if (!bucket || !key || !store.hasBucket(bucket)) return undefined;

    const refusal = checkConditions(findEtag(store, bucket, key), request.headers);
    if (refusal === undefined) return undefined;
    return reply.code(refusal.status).type('application/xml').send(toXml(refusal));
  });
}

function checkConditions(
  etag: string | undefined,
  headers: Readonly<Record<string, unknown>>,
): Refusal | undefined {
  const ifMatch = headers['if-match'];
  if (headers['if-none-match'] === '*' && etag !== undefined) return PRECONDITION_FAILED;
  if (ifMatch === undefined) return undefined;
  if (etag === undefined) return NO_SUCH_KEY;
  return unquote(String(ifMatch)) === unquote(etag) ? undefined : PRECONDITION_FAILED;
}

function findEtag(store: S3Store, bucket: string, key: string): string | undefined {
  try {
    return store.headObject(bucket, key).etag;
  } catch {
    return undefined; // It has no other way to say that there is no such object.
  }
}

function unquote(etag: string): string {
  return etag.replaceAll('"', '');
}

function toXml({ code, message }: Refusal): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}
