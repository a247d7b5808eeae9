import { SQSClient } from '@aws-sdk/client-sqs';
import { UsageError } from './usage-error.ts';

/** Looks for AWS credentials where the SDK does. Throws `UsageError` where there are none, before anything is made. */
export async function requireCredentials(): Promise<void> {
  // Any client will do: only its search for credentials is used, and no region is needed for that.
  const client = new SQSClient({ region: 'us-east-1' });
  try {
    await client.config.credentials();
  } catch (error) {
    throw new UsageError(
      'No AWS credentials found (looked at the environment, the profile, single sign-on and the machine itself): set ' +
        'AWS_PROFILE, or run `aws sso login`, and try again. Nothing was created.',
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}
