import type { Command } from './command.ts';
import { dlqDrop } from './commands/dlq-drop.ts';
import { dlqExport } from './commands/dlq-export.ts';
import { dlqList } from './commands/dlq-list.ts';
import { dlqRedrive } from './commands/dlq-redrive.ts';
import { dlqShow } from './commands/dlq-show.ts';
import { doctor } from './commands/doctor.ts';
import { enqueue } from './commands/enqueue.ts';
import { erase } from './commands/erase.ts';
import { pause } from './commands/pause.ts';
import { resume } from './commands/resume.ts';
import { runs } from './commands/runs.ts';
import { secretsList } from './commands/secrets-list.ts';
import { secretsSet } from './commands/secrets-set.ts';
import { status } from './commands/status.ts';
import { trace } from './commands/trace.ts';

/** Every command, in the order in which the help shows them. */
export const COMMANDS: readonly Command[] = [
  status,
  trace,
  runs,
  enqueue,
  dlqList,
  dlqShow,
  dlqRedrive,
  dlqDrop,
  dlqExport,
  erase,
  pause,
  resume,
  secretsSet,
  secretsList,
  doctor,
];
