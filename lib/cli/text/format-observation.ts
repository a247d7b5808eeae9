import type { Observation, ObservationOutcome } from '../../core/doctor/observation.ts';
import { toPrintable } from '../../core/text/to-printable.ts';

const WORDS: Readonly<Record<ObservationOutcome, string>> = {
  seen: 'seen',
  not_seen: 'not seen',
  not_tried: 'not tried',
};

/** An observation for a person. */
export function formatObservation({ question, outcome, answer, isProblem }: Observation): string {
  const remark = isProblem ? ' (the pipeline relies on the opposite: please report it)' : '';
  return `${WORDS[outcome].padEnd(9)}  ${question}: ${toPrintable(answer, 200)}${remark}\n`;
}
