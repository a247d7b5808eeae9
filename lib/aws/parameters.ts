import { isJsonObject } from '../text.ts';
import { AwsCallError, type AwsEnvironment, callAws } from './call.ts';

/** Reads one parameter, decrypted; undefined where there is none of that name. Rejects with SSM's error, by its name. */
export type ReadSsmParameter = (name: string) => Promise<string | undefined>;

const TRIES = 2;
const GET_PARAMETER = {
  service: 'ssm',
  target: 'AmazonSSM.GetParameter',
  contentType: 'application/x-amz-json-1.1',
  // Far above what SSM takes, and so that two tries fit into the time that Crisp waits for an answer.
  timeoutMs: 1300,
} as const;

/** SSM's GetParameter without its client, which would be a fifth of the webhook's bundle, and of its cold start. */
export function createSsmParameterReader(environment: AwsEnvironment = process.env): ReadSsmParameter {
  return async (name) => {
    for (let left = TRIES; ; left -= 1) {
      try {
        return await getParameter(name, environment);
      } catch (error) {
        if (left === 1 || !(error instanceof AwsCallError) || !error.mayRetry) throw error;
      }
    }
  };
}

async function getParameter(name: string, environment: AwsEnvironment): Promise<string | undefined> {
  try {
    const answer = await callAws(GET_PARAMETER, { Name: name, WithDecryption: true }, environment);
    if (isJsonObject(answer.Parameter) && typeof answer.Parameter.Value === 'string')
      return answer.Parameter.Value;
  } catch (error) {
    if (error instanceof AwsCallError && error.name === 'ParameterNotFound') return undefined;
    throw error;
  }
  throw new AwsCallError('http_200', { status: 200 });
}
