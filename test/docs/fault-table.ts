import type { AbsentFault, Fault } from '../chaos/faults/fault.ts';

/** docs/faults.md: every fault of the catalogue, and where it is injected, or why it cannot be. */
export function toFaultTable(catalogue: readonly (Fault | AbsentFault)[]): string {
  const injected = catalogue.filter((fault) => 'inject' in fault).length;
  return `${INTRODUCTION}
${catalogue.length} faults: ${injected} that a chaos run injects, and ${catalogue.length - injected} that belong to a part which is not in its world.

| | fault | where it is injected |
|---|---|---|
${catalogue.map(toRow).join('\n')}
`;
}

const INTRODUCTION = `# Faults

What can go wrong around crisp-enrich, and how each of it is tried. \`npm run chaos\` injects these faults at random, several at a time, into a world of virtual time with the real functions in it, and an oracle that knows nothing of the code holds what happened against the promises. \`npm run chaos -- --faults F31,F46\` injects exactly those in every run. A failing run prints the command that repeats it.

Beside the chosen faults any instance may be killed at any point at which it waits, and any call to AWS may be lost, late or refused. The longest troubles are played through on their own: \`npm run chaos -- --scenarios\`.

What every run is held against:

- **I1** An accepted event ends covered by a fetch that began after it and was announced, or by a removal, or its message waits in the dead-letter queue with a reason.
- **I2** A message has one end, and a removal is told once.
- **I3** Every record was asked for, and says what Crisp said: nothing of another session, nothing left out.
- **I4** A delivery is accepted only once the queue has its message.
- **I5** A message is deleted only once its record is archived and announced, and a dead letter only once it was sent again.
- **I6** No more requests than the budget, no more receives and attempts than the limits, none while the queue is held; no message dies of refusals.
- **I7** No secret and no text of a conversation in a log, a queue message, a note, or a reply.
- **I8** Whoever keeps the highest version never goes back.
- **I9** What is wrong with one message holds up its batch for one visibility timeout at most.
- **I10** Nothing crashes, and every refusal has a code.

Written by \`node scripts/generate-fault-table.ts\`; a test keeps it equal to the catalogue in \`test/chaos/faults/\`.
`;

function toRow(fault: Fault | AbsentFault): string {
  const where = 'inject' in fault ? 'chaos' : `${fault.why} See [${fault.coveredBy}](../${fault.coveredBy}).`;
  return `| ${fault.id} | ${fault.title} | ${where} |`;
}
