import type { buildApp } from 'fauxqs';

/** The emulator's HTTP server: a Fastify instance, to which hooks and routes can be added. */
export type FauxqsApp = ReturnType<typeof buildApp>;
