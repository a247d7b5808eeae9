import type { ListedCommand } from './command.ts';

/** Every command, in the order in which the help shows them. A new one is a file and a line here. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'status',
    summary: 'how full the queues are, and whether deliveries are held',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'console',
    summary: 'a page for the browser: what flows, why something failed, and a button that retries it',
    load: () => import('./commands/console.ts'),
  },
  {
    name: 'trace',
    words: 'SESSION',
    summary: 'what happened to a session, from its hooks to its record, as one timeline',
    load: () => import('./commands/trace.ts'),
  },
  {
    name: 'get',
    words: 'SESSION',
    summary: 'a conversation’s record: the newest of the archive, or fetched now',
    load: () => import('./commands/get.ts'),
  },
  {
    name: 'runs',
    words: 'SESSION',
    summary: 'what each run of a session came to, newest first',
    load: () => import('./commands/runs.ts'),
  },
  {
    name: 'enqueue',
    words: 'SESSION…',
    summary: 'asks for sessions as an event of this moment would',
    load: () => import('./commands/enqueue.ts'),
  },
  {
    name: 'reconcile',
    summary: 'enqueues what Crisp has updated and was not announced; --dry-run counts it',
    load: () => import('./commands/reconcile.ts'),
  },
  {
    name: 'backfill',
    summary: 'enqueues what is missing of a stretch of the past, beside live events; --resume goes on',
    load: () => import('./commands/backfill.ts'),
  },
  {
    name: 'replay',
    words: '[SESSION…]',
    summary: 'announces archived records again, without asking Crisp',
    load: () => import('./commands/replay.ts'),
  },
  {
    name: 'dlq list',
    summary: 'what waits in the dead-letter queue, and why; changes nothing',
    load: () => import('./commands/dlq-list.ts'),
  },
  {
    name: 'dlq show',
    words: 'MESSAGE',
    summary: 'all that is known of one dead letter',
    load: () => import('./commands/dlq-show.ts'),
  },
  {
    name: 'dlq redrive',
    summary: 'brings dead letters back: all of them, or those that match; a dry run without --yes',
    load: () => import('./commands/dlq-redrive.ts'),
  },
  {
    name: 'dlq drop',
    summary: "deletes dead letters for good, once the queue's name was typed; a dry run without --yes",
    load: () => import('./commands/dlq-drop.ts'),
  },
  {
    name: 'dlq export',
    summary: 'writes dead letters to a file, one JSON object a line; changes nothing in the queue',
    load: () => import('./commands/dlq-export.ts'),
  },
  {
    name: 'sessions list',
    summary: 'what waits in the sessions queue, and since when; adds a receive to each',
    load: () => import('./commands/sessions-list.ts'),
  },
  {
    name: 'sessions export',
    summary: 'writes the waiting sessions to a file, one JSON object a line, for `enqueue --file`',
    load: () => import('./commands/sessions-export.ts'),
  },
  {
    name: 'records redrive',
    summary: 'sends records that did not arrive to their queue again; a dry run without --yes',
    load: () => import('./commands/records-redrive.ts'),
  },
  {
    name: 'erase',
    words: 'SESSION',
    summary: 'deletes every record and note of a conversation for good, once its session id was typed',
    load: () => import('./commands/erase.ts'),
  },
  {
    name: 'pause',
    summary: 'holds the queue until resume; hooks are taken in meanwhile',
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'resume',
    summary: 'ends a pause, and closes the breaker',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'secrets set',
    words: 'NAME',
    summary: 'stores a secret of a stage, read from standard input',
    load: () => import('./commands/secrets-set.ts'),
  },
  {
    name: 'secrets list',
    summary: 'which secrets of a stage exist, and since when; never what they are',
    load: () => import('./commands/secrets-list.ts'),
  },
  {
    name: 'hook sign',
    summary: 'the headers with which Crisp signs a body, to try the webhook by hand',
    load: () => import('./commands/hook-sign.ts'),
  },
  {
    name: 'hook send',
    words: 'SESSION',
    summary: 'sends a hook for a session to the webhook, as Crisp does',
    load: () => import('./commands/hook-send.ts'),
  },
  {
    name: 'completion',
    words: 'SHELL',
    summary: 'a script that completes commands and options: bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'doctor',
    summary: 'checks whether the set-up is sound, and says what to change',
    load: () => import('./commands/doctor.ts'),
  },
];
