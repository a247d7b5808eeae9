import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useKeys } from './keys.tsx';

interface ListProps<T> {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** All rows have one height, so that where each stands is known without drawing it. */
  readonly rowHeight: number;
  readonly render: (item: T, index: number) => ComponentChildren;
  readonly label: string;
  readonly isTable?: boolean;
  /** Called when the end comes near, to read more. */
  readonly onEnd?: (() => void) | undefined;
}

const OVERSCAN = 8;

/**
 * A list of any length of which only what is in sight is drawn. `j` and `k` move the focus from row to row; Enter follows
 * the focused link, as in any list of links.
 */
export function List<T>({ items, keyOf, rowHeight, render, label, isTable = false, onEnd }: ListProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [first, last] = useSight(box, items.length, rowHeight);
  useRowKeys(box, items.length, rowHeight);
  const [focused, setFocused] = useState<number>();
  const indexes = Array.from({ length: last - first }, (_, offset) => first + offset);
  // A row with the focus stays, however far one scrolls.
  if (focused !== undefined && focused < items.length && !indexes.includes(focused)) indexes.push(focused);
  const isEndNear = last >= items.length - OVERSCAN;
  useLayoutEffect(() => {
    if (isEndNear) onEnd?.();
  }, [isEndNear, items.length, onEnd]);

  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both of its roles may have a label
    <div
      ref={box}
      class="rows"
      role={isTable ? 'rowgroup' : 'list'}
      aria-label={label}
      style={{ height: `${items.length * rowHeight}px` }}
      onFocusIn={({ target }) => setFocused(toIndex(target))}
      onFocusOut={() => setFocused(undefined)}
    >
      {indexes.map((index) => {
        const item = items[index];
        if (item === undefined) return null;
        const place = { transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` };
        return isTable ? (
          <div
            key={keyOf(item)}
            class="row"
            role="row"
            aria-rowindex={index + 2}
            data-index={index}
            style={place}
          >
            {render(item, index)}
          </div>
        ) : (
          <div
            key={keyOf(item)}
            class="row"
            role="listitem"
            aria-setsize={items.length}
            aria-posinset={index + 1}
            data-index={index}
            style={place}
          >
            {render(item, index)}
          </div>
        );
      })}
    </div>
  );
}

/** The first row to draw, and the one after the last: whoever scrolls, the page or a pane, the screen is what is seen. */
function useSight(box: { current: HTMLElement | null }, count: number, rowHeight: number): [number, number] {
  const [range, setRange] = useState<[number, number]>([0, 40]);
  useLayoutEffect(() => {
    const look = () => {
      const top = box.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / rowHeight) - OVERSCAN);
      const last = Math.max(first, Math.ceil((innerHeight - top) / rowHeight) + OVERSCAN);
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    look();
    const options = { capture: true, passive: true };
    addEventListener('scroll', look, options);
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look, options);
      removeEventListener('resize', look);
    };
  }, [box, rowHeight]);
  return [Math.min(range[0], count), Math.min(range[1], count)];
}

function toIndex(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('.row') : null;
  return row ? Number(row.dataset.index) : undefined;
}

function useRowKeys(box: { current: HTMLElement | null }, count: number, rowHeight: number): void {
  const move = (by: number) => {
    const list = box.current;
    if (!list || count === 0) return;
    const focused = list.contains(document.activeElement) ? toIndex(document.activeElement) : undefined;
    const from = focused ?? (by > 0 ? -1 : 0);
    focusRow(list, Math.min(count - 1, Math.max(0, from + by)), rowHeight);
  };
  useKeys({ j: () => move(1), k: () => move(-1) });
}

/** A row that is not drawn yet is brought into sight first. */
function focusRow(list: HTMLElement, index: number, rowHeight: number): void {
  const find = () => list.querySelector<HTMLElement>(`.row[data-index="${index}"] a[href]`);
  const found = find();
  if (found) {
    found.focus({ preventScroll: true });
    found.closest('.row')?.scrollIntoView({ block: 'nearest' });
    return;
  }
  const scroller = list.closest('.pane') ?? document.scrollingElement;
  scroller?.scrollTo({ top: index * rowHeight });
  requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
}

/** Whether the screen is as narrow as the query says. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useLayoutEffect(() => {
    const media = matchMedia(query);
    const look = () => setMatches(media.matches);
    look();
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, [query]);
  return matches;
}
