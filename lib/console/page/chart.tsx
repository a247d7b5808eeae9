import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Savings } from '../model.ts';
import { formatClock, formatCount, formatShortClock } from './words.ts';

const BAR = 5;
const HEIGHT = 28;

/** One bar a minute, the running one at the end. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const most = Math.max(1, ...values);
  const slots = Math.max(16, values.length);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${slots * BAR} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${values.map(formatCount).join(', ') || 'nothing yet'}`}
    >
      {Array.from({ length: slots }, (_, slot) => {
        const value = values[slot - (slots - values.length)] ?? 0;
        const height = value === 0 ? 1 : Math.max(3, Math.round((value / most) * HEIGHT));
        return (
          <rect
            key={slot}
            class={value === 0 ? 'is-zero' : slot === slots - 1 ? 'is-now' : ''}
            x={slot * BAR}
            y={HEIGHT - height}
            width={BAR - 1}
            height={height}
          />
        );
      })}
    </svg>
  );
}

const CHART_HEIGHT = 120;

/** Both totals over the day; what lies between the lines is what was saved. */
export function DayChart({ points }: { points: Savings['day'] }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const data = toData(points);
  const last = useRef(data);
  last.current = data;
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(toOptions(place), last.current, place);
    };
    draw();
    const observer = new ResizeObserver(() =>
      chart.current?.setSize({ width: place.clientWidth, height: CHART_HEIGHT }),
    );
    observer.observe(place);
    // The colours are those of the theme, and a canvas does not know when they change.
    const themes = new MutationObserver(draw);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      observer.disconnect();
      themes.disconnect();
      dark.removeEventListener('change', draw);
      chart.current?.destroy();
    };
  }, []);
  useEffect(() => chart.current?.setData(last.current), [points]);
  const { calls = 0, loop = 0 } = points.at(-1) ?? {};
  return (
    <figure class="day-chart">
      <div
        ref={box}
        role="img"
        aria-label={`Calls over time: ${formatCount(calls)} made, ${formatCount(loop)} with a fetch per event`}
      />
      <figcaption>
        <span class="key-ours">calls made</span> <span class="key-loop">with a fetch per event</span>
      </figcaption>
    </figure>
  );
}

function toData(points: Savings['day']): uPlot.AlignedData {
  return [
    points.map(({ atMs }) => atMs / 1000),
    points.map(({ loop }) => loop),
    points.map(({ calls }) => calls),
  ];
}

/** Whether marks of the axis stand closer together than a minute. */
function isShort([first = 0, second = Number.POSITIVE_INFINITY]: readonly number[]): boolean {
  return second - first < 60;
}

function toOptions(place: HTMLElement): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    font: `11px ${style.fontFamily}`,
    ticks: { show: false },
    gap: 4,
  };
  return {
    width: place.clientWidth,
    height: CHART_HEIGHT,
    padding: [8, 16, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(10, max)] } },
    axes: [
      {
        ...axis,
        size: 20,
        space: 70,
        grid: { show: false },
        values: (_chart, at) => at.map((s) => (isShort(at) ? formatClock : formatShortClock)(s * 1000)),
      },
      {
        ...axis,
        size: 40,
        space: 24,
        grid: { stroke: colour('--hairline'), width: 1 },
        values: (_chart, at) => at.map((value) => (Number.isInteger(value) ? formatCount(value) : '')),
      },
    ],
    series: [
      {},
      { stroke: colour('--faint'), width: 1.5, dash: [4, 3], points: { show: false } },
      { stroke: colour('--accent'), width: 2, fill: colour('--accent-ground'), points: { show: false } },
    ],
  };
}
