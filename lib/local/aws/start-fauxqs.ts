import { buildApp } from 'fauxqs';
import type { Clock } from '../../ports/clock.ts';
import { explainForeignRequest, limitServer } from '../http-server.ts';
import type { FauxqsApp } from './fauxqs-app.ts';
import { PersistenceManager, S3Store, type SnsStore } from './fauxqs-internals.ts';
import { mendConditionalPuts } from './s3/mend-conditional-puts.ts';
import { mendObjectSize } from './s3/mend-object-size.ts';
import { EmbeddedSnsStore } from './sns/embedded-sns-store.ts';
import { EmbeddedSqsStore } from './sqs/embedded-sqs-store.ts';
import { mendAbandonedReceives } from './sqs/mend-abandoned-receives.ts';
import { mendDeduplicationScope } from './sqs/mend-deduplication-scope.ts';
import { mendExpiredHandles } from './sqs/mend-expired-handles.ts';
import { mendMessageCharacters } from './sqs/mend-message-characters.ts';
import { mendSettableAttributes } from './sqs/mend-settable-attributes.ts';
import { type MessageLog, openMessageLog } from './sqs/message-log.ts';
import { serveMoveTasks } from './sqs/serve-move-tasks.ts';
import type { LocalServer } from './start-dynalite.ts';

export interface FauxqsOptions {
  readonly port: number;
  readonly clock: Clock;
  readonly dataDir?: string;
}

/** Starts SQS, SNS and S3 (fauxqs) on 127.0.0.1, in memory or in the existing folder `dataDir`. */
export async function startFauxqs({ port, clock, dataDir }: FauxqsOptions): Promise<LocalServer> {
  const log = dataDir === undefined ? undefined : openMessageLog(dataDir);
  const stores = {
    sqsStore: new EmbeddedSqsStore({ clock, log }),
    snsStore: new EmbeddedSnsStore(),
    s3Store: new S3Store(),
  };
  const closeData = dataDir === undefined ? () => {} : keepIn(dataDir, stores, log);
  const app = buildApp({ logger: false, stores });
  guardRequests(app);
  limitServer(app.server);
  mendSettableAttributes();
  mendMessageCharacters();
  mendDeduplicationScope(app, stores.sqsStore);
  mendExpiredHandles(app, stores.sqsStore);
  mendAbandonedReceives(app, stores.sqsStore);
  serveMoveTasks(app, stores.sqsStore, clock);
  mendConditionalPuts(app, stores.s3Store);
  mendObjectSize(app);

  const url = await listen(app, port, closeData);
  stores.sqsStore.rebaseUrls(url);
  return {
    url,
    async stop() {
      await app.close();
      closeData();
    },
  };
}

interface Stores {
  readonly sqsStore: EmbeddedSqsStore;
  readonly snsStore: SnsStore;
  readonly s3Store: S3Store;
}

/** Loads what the folder holds and keeps every change in it. Returns the function that closes its files. */
function keepIn(dataDir: string, { sqsStore, snsStore, s3Store }: Stores, log: MessageLog | undefined) {
  const persistence = new PersistenceManager(dataDir);
  // As durable as the log of messages: what is written survives the end of the process, and is not slow.
  // biome-ignore lint/complexity/useLiteralKeys: the index reaches what the class calls private
  persistence['db'].exec('PRAGMA synchronous = NORMAL');
  // Before the stores know it: loading creates the queues again, which would write them again.
  persistence.load(sqsStore, snsStore, s3Store);
  sqsStore.persistence = persistence;
  snsStore.persistence = persistence;
  s3Store.persistence = persistence;
  for (const queue of sqsStore.allQueues()) queue.persistence = persistence;
  return () => {
    persistence.close();
    log?.close();
  };
}

async function listen(app: FauxqsApp, port: number, closeData: () => void): Promise<string> {
  try {
    return await app.listen({ port, host: '127.0.0.1' });
  } catch (error) {
    closeData();
    throw error;
  }
}

function guardRequests(app: FauxqsApp): void {
  app.addHook('onRequest', async (request, reply) => {
    const foreign = explainForeignRequest(request.headers);
    return foreign === undefined ? undefined : reply.code(403).type('text/plain').send(foreign.reason);
  });
}
