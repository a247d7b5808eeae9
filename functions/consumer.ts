import { startConsumer } from '../lib/app/start-consumer.ts';

/** Lambda: fetches the conversations that the sessions queue asks for, archives and announces them. */
export const handler = startConsumer();
