import { JobError } from '../errors/job-error.ts';
import { classifyRefusal, toNamedRefusal } from './classify-refusal.ts';
import type { CrispResponse, ResponseContext } from './crisp-response.ts';
import { describeForeignBody } from './describe-foreign-body.ts';
import { type Envelope, readEnvelope } from './read-envelope.ts';
import { toReasonToken } from './reason-token.ts';

/** The `data` of a good answer, with 206 told apart from 200, or the failure that the answer stands for. */
export type ClassifiedResponse =
  | { readonly outcome: 'data'; readonly data: unknown; readonly hasMore: boolean }
  | { readonly outcome: 'failure'; readonly error: JobError };

/** What an answer means: status and envelope both have to say that all is well. Never throws. */
export function classifyResponse(response: CrispResponse, context: ResponseContext): ClassifiedResponse {
  const { status } = response;
  const answer = readEnvelope(response.body);
  if (status === 204) return failure('bad_response', { detail: 'empty', status });
  if (status !== 200 && status !== 206) {
    return { outcome: 'failure', error: classifyRefusal(response, answer, context) };
  }

  if (answer.kind !== 'envelope') return toBadResponse(response, answer.kind);
  const { envelope } = answer;
  const isWell = !isError(envelope.error) && Object.hasOwn(envelope, 'data');
  const refused = isWell ? undefined : toNamedRefusal(response, envelope, context);
  if (refused) return { outcome: 'failure', error: refused };
  if (isError(envelope.error)) {
    return failure('crisp_error', { detail: toReasonToken(envelope.reason) ?? 'unknown', status });
  }
  if (!Object.hasOwn(envelope, 'data')) return failure('bad_response', { detail: 'missing_data', status });
  return { outcome: 'data', data: envelope.data, hasMore: status === 206 };
}

// Anything but `false` and nothing at all: a server that says "error" in some other way does not say that all is well.
function isError(error: unknown): boolean {
  return error !== undefined && error !== null && error !== false;
}

function toBadResponse(
  { status, body, contentType }: CrispResponse,
  detail: Exclude<Envelope['kind'], 'envelope'>,
): ClassifiedResponse {
  if (detail !== 'not_json') return failure('bad_response', { detail, status });
  return failure('bad_response', { detail, status, hint: describeForeignBody(body, contentType) });
}

function failure(...error: ConstructorParameters<typeof JobError>): ClassifiedResponse {
  return { outcome: 'failure', error: new JobError(...error) };
}
