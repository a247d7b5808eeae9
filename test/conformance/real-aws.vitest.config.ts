import { defineConfig } from 'vitest/config';

// `npm run conformance:aws`, with credentials and AWS_REGION.
export default defineConfig({
  test: { include: ['test/conformance/real-aws.conformance.ts'], environment: 'node' },
});
