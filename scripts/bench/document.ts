import { judge, type Row, type SuiteResult, toReason, toText } from './report.ts';

interface Measured {
  /** `2026-11-29`. */
  readonly date: string;
  /** Cores, architecture and Node. */
  readonly machine: string;
}

/** The results as a document: the goals, and the chart of calls per chat. */
export function toDocument(results: readonly SuiteResult[], { date, machine }: Measured): string {
  const lines = results.flatMap((result) =>
    result.goals.map((goal) => {
      const { id, what, figure, bound } = goal;
      const reason = toReason(goal);
      const line = `- ${id} ${what}: ${toText(figure)} (${toText(bound)}) ${judge(goal, result)}`;
      return reason === '' ? line : `${line}: ${reason}`;
    }),
  );
  const compared = results
    .filter(({ suite }) => suite === 'calls' || suite === 'quota')
    .flatMap(({ rows }) => rows)
    // A goal of its own.
    .filter(({ subject, unit }) => subject !== 'crisp-enrich' || unit !== 'calls')
    .map(({ subject, what, value, unit }) => `- ${subject}, ${what}: ${toText(value)} ${unit}`);
  return `${HEAD}

${compared.join('\n')}

Measured on ${date}, ${machine}: figure (bound) verdict.

${lines.join('\n')}
`;
}

const HEAD = `# Benchmarks

\`npm run bench -- --docs\` writes this page. Ratios compare processes of one run; peers and fake servers are in \`scripts/bench/\`.

![Calls to Crisp per chat of 30 events](calls-per-chat.svg)`;

const WIDTH = 720;
const LABEL = 250;
const BAR = 26;

/** Calls per chat as an SVG of horizontal bars. */
export function toChart(rows: readonly Row[]): string {
  const bars = rows.filter(({ unit }) => unit === 'calls');
  const most = Math.max(...bars.map(({ value }) => value));
  const lines = bars.map(({ subject, what, value }, place) => {
    const y = 40 + place * BAR;
    const width = Math.max(1, (value / most) * (WIDTH - LABEL - 60));
    const fill = subject === 'crisp-enrich' ? '#1972f5' : '#9aa5b1';
    return [
      `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${subject}, ${what}</text>`,
      `<rect x="${LABEL}" y="${y + 3}" width="${width.toFixed(1)}" height="${BAR - 8}" rx="2" fill="${fill}"/>`,
      `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 15}">${toText(value)}</text>`,
    ].join('');
  });
  const height = 50 + bars.length * BAR;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>Calls to Crisp per chat of 30 events</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24" font-size="15">Calls to Crisp per chat of 30 events</text>
${lines.join('\n')}
</svg>
`;
}
