import { defineConfig } from 'vitest/config';

// `npx vitest run --config test/conformance/real-aws.vitest.config.ts`, with credentials and AWS_REGION.
export default defineConfig({
  test: { include: ['test/conformance/real-aws.conformance.ts'], environment: 'node' },
});
