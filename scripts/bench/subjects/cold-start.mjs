import { writeSync } from 'node:fs';

// Imports a bundle and hands it its first hook. No TypeScript: its compiler would still be at work while this is timed.
const { path, hook } = JSON.parse(process.argv[2]);
const lambda = {
  functionName: 'bench-webhook',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:bench-webhook',
  memoryLimitInMB: '512',
  awsRequestId: 'request',
  getRemainingTimeInMillis: () => 10_000,
};

const startedMs = performance.now();
const before = process.cpuUsage();
const { handler } = await import(path);
const { statusCode } = await handler(hook, lambda);
const { user, system } = process.cpuUsage(before);
const wallMs = performance.now() - startedMs;

if (statusCode !== 202) throw new Error(`the hook was answered with ${statusCode}`);
writeSync(3, JSON.stringify({ cpuMs: (user + system) / 1000, wallMs }));
