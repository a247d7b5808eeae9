import { startConsumer } from '../lib/consumer/handler.ts';

/** Lambda: fetches the conversations that the sessions queue asks for, archives and announces them. */
export const handler = startConsumer();
