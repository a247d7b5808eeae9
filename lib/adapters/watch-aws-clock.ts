import type { SQSClient } from '@aws-sdk/client-sqs';
import type { ClockSample } from '../core/doctor/judge-clock.ts';
import { isJsonObject } from '../core/is-json-object.ts';
import type { Clock } from '../ports/clock.ts';
import { toClockSample } from './clock-sample.ts';

/** From now on reads the time that SQS's answers carry; the function that is returned gives the newest. */
export function watchAwsClock(sqs: SQSClient, clock: Clock): () => ClockSample | undefined {
  let sample: ClockSample | undefined;
  sqs.middlewareStack.add(
    (next) => async (args) => {
      const sentMs = clock.nowMs();
      const result = await next(args);
      const headers = isJsonObject(result.response) ? result.response.headers : undefined;
      const date = isJsonObject(headers) ? headers.date : undefined;
      sample = toClockSample(date, { sentMs, receivedMs: clock.nowMs() }) ?? sample;
      return result;
    },
    { step: 'deserialize' },
  );
  return () => sample;
}
