import { OperationError } from '../../errors.ts';
import type { Finding, FindingState } from '../../operate/doctor/checks.ts';
import type { Doctor } from '../../operate/doctor/doctor.ts';
import type { Observation, ObservationOutcome } from '../../operate/doctor/observe.ts';
import { plural, toPrintable, toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand, type ExitCode, flag, type Options } from '../command.ts';

const OPTIONS = {
  live: flag('instead, asks Crisp and SQS what no document says, and shows what was seen'),
  yes: flag('with --live: do it without asking'),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

export const command = defineCommand({
  options: OPTIONS,
  examples: ['doctor', 'doctor --stage prod --region eu-west-1'],
  async run(context) {
    const { options, clock, config, target } = context;
    const { MAX_LIVE_CALLS, openDoctor } = await import('../../operate/doctor/doctor.ts');
    if (options.live) await requireConsent(context, toPlan(MAX_LIVE_CALLS));
    const doctor = await openDoctor({ ...target, config, clock });
    try {
      return options.live ? await observe(context, doctor) : await examine(context, doctor);
    } finally {
      doctor.close();
    }
  },
});

function toPlan(maxCalls: number): string {
  return (
    `This sends up to ${maxCalls} read requests to Crisp, one of them with a wrong token, and they count against the ` +
    'quota. It creates a FIFO queue of its own and deletes it again.'
  );
}

async function examine({ isJson, output }: Context, opened: Doctor): Promise<ExitCode> {
  const findings = await opened.examine();
  const text = `${findings.map(formatFinding).join('')}\n${toSummary(findings)}\n`;
  const json = { findings: findings.map(toJson) };
  await output.write(isJson ? `${toVisibleJson(json, 2)}\n` : text);
  return findings.some(({ state }) => state === 'fail') ? 1 : 0;
}

const FINDING_WORDS: Readonly<Record<FindingState, string>> = {
  ok: 'ok',
  warn: 'warning',
  fail: 'FAILED',
  skipped: 'skipped',
};

/** A finding for a person, with its remedy on a line of its own. */
function formatFinding({ check, state, message, remedy }: Finding): string {
  const line = `${FINDING_WORDS[state].padEnd(7)}  ${check}: ${toPrintable(message, 500)}\n`;
  return remedy === undefined ? line : `${line}         → ${toPrintable(remedy, 500)}\n`;
}

function toJson({ check, state, message, remedy }: Finding) {
  return { check, state, message, remedy: remedy ?? null };
}

function toSummary(findings: readonly Finding[]): string {
  const count = (state: FindingState) => findings.filter((finding) => finding.state === state).length;
  return `${count('ok')} ok, ${plural(count('warn'), 'warning')}, ${count('fail')} failed, ${count('skipped')} skipped`;
}

async function requireConsent({ options, ask }: Context, plan: string): Promise<void> {
  if (options.yes) return;
  const answer = await ask?.(`${plan}\nGo on? [y/N] `);
  if (answer !== undefined && /^y(es)?$/i.test(answer.trim())) return;
  throw new OperationError('consent_missing', `nothing was asked. ${plan} With --yes it is done.`);
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

const OBSERVATION_WORDS: Readonly<Record<ObservationOutcome, string>> = {
  seen: 'seen',
  not_seen: 'not seen',
  not_tried: 'not tried',
};

/** An observation for a person. */
function formatObservation({ question, outcome, answer, isProblem }: Observation): string {
  const remark = isProblem ? ' (the pipeline relies on the opposite: please report it)' : '';
  return `${OBSERVATION_WORDS[outcome].padEnd(9)}  ${question}: ${toPrintable(answer, 200)}${remark}\n`;
}
