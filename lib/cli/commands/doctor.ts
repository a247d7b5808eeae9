import { OperationError } from '../../errors.ts';
import type { Finding, FindingState } from '../../operate/doctor/checks.ts';
import { type Doctor, MAX_LIVE_CALLS, openDoctor } from '../../operate/doctor/doctor.ts';
import type { ConnectOptions } from '../../operate/operations.ts';
import { plural, toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand, type ExitCode, flag, type Options } from '../command.ts';
import { formatFinding, formatObservation } from '../output.ts';

const OPTIONS = {
  live: flag('instead, asks Crisp and SQS what no document says, and shows what was seen'),
  yes: flag('with --live: do it without asking'),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

/** The command over a doctor of its own. */
function createDoctorCommand(open: (options: ConnectOptions) => Promise<Doctor>) {
  return defineCommand({
    name: 'doctor',
    summary: 'looks whether the set-up is sound, and says what to mend',
    options: OPTIONS,
    async run(context) {
      const { options, clock, config, target } = context;
      if (options.live) await requireConsent(context);
      const opened = await open({ ...target, config, clock });
      try {
        return options.live ? await observe(context, opened) : await examine(context, opened);
      } finally {
        opened.close();
      }
    },
  });
}

const PLAN =
  `This sends up to ${MAX_LIVE_CALLS} read requests to Crisp, one of them with a wrong token, and they count against the ` +
  'quota. It creates a FIFO queue of its own and deletes it again.';

export const doctor = createDoctorCommand(openDoctor);

async function examine({ isJson, output }: Context, opened: Doctor): Promise<ExitCode> {
  const findings = await opened.examine();
  const text = `${findings.map(formatFinding).join('')}\n${toSummary(findings)}\n`;
  const json = { findings: findings.map(toJson) };
  await output.write(isJson ? `${toVisibleJson(json, 2)}\n` : text);
  return findings.some(({ state }) => state === 'fail') ? 1 : 0;
}

function toJson({ check, state, message, remedy }: Finding) {
  return { check, state, message, remedy: remedy ?? null };
}

function toSummary(findings: readonly Finding[]): string {
  const count = (state: FindingState) => findings.filter((finding) => finding.state === state).length;
  return `${count('ok')} ok, ${plural(count('warn'), 'warning')}, ${count('fail')} failed, ${count('skipped')} skipped`;
}

async function requireConsent({ options, ask }: Context): Promise<void> {
  if (options.yes) return;
  const answer = await ask?.(`${PLAN}\nGo on? [y/N] `);
  if (answer !== undefined && /^y(es)?$/i.test(answer.trim())) return;
  throw new OperationError('consent_missing', `nothing was asked. ${PLAN} With --yes it is done.`);
}

async function observe({ isJson, output }: Context, opened: Doctor): Promise<ExitCode> {
  const { observations, calls } = await opened.observe();
  const json = {
    calls,
    observations: observations.map(({ question, outcome, answer, isProblem = false }) => ({
      question,
      outcome,
      answer,
      problem: isProblem,
    })),
  };
  const text = `${observations.map(formatObservation).join('')}\n${plural(calls, 'request')} to Crisp\n`;
  await output.write(isJson ? `${toVisibleJson(json, 2)}\n` : text);
  return observations.some(({ isProblem }) => isProblem) ? 1 : 0;
}
