import { JobError } from '../../core/errors/job-error.ts';
import type { SecretOptions, Secrets } from '../../ports/secrets.ts';

/** The `Authorization` header of the token as it is now; throws `crisp_auth_failed` where there is none yet. */
export async function toAuthorization(secrets: Secrets, options?: SecretOptions): Promise<string> {
  const token = await readToken(secrets, options);
  if (!token) throw new JobError('crisp_auth_failed', { hint: 'no token yet' });
  return `Basic ${Buffer.from(`${token.identifier}:${token.key}`).toString('base64')}`;
}

async function readToken(secrets: Secrets, options: SecretOptions | undefined) {
  try {
    return await secrets.crispToken(options);
  } catch (cause) {
    throw new JobError('crisp_auth_failed', { hint: 'the token could not be read', cause });
  }
}
