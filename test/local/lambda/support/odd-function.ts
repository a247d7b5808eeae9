import type { Context, SQSEvent } from 'aws-lambda';

// A function whose messages say what it is to do, for tests of the instances that run it.

let invocations = 0;

export async function handler({ Records: [record] }: SQSEvent, context: Context): Promise<unknown> {
  invocations += 1;
  switch (record?.body) {
    case 'loop':
      while (true) invocations += 0;
    case 'exit':
      return process.exit(3);
    case 'throw':
      throw new TypeError('broken');
    case 'exhaust':
      return exhaustMemory();
    case 'bigint':
      return { n: 1n };
    default:
      return {
        invocations,
        requestId: context.awsRequestId,
        remainingMs: context.getRemainingTimeInMillis(),
        stage: process.env.STAGE,
      };
  }
}

function exhaustMemory(): unknown {
  const hoard: unknown[] = [];
  while (true) hoard.push(new Array(100_000).fill(hoard.length));
}
