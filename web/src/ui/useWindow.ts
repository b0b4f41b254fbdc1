import { type RefObject, useCallback, useLayoutEffect, useState } from "react";

const SPARE = 8;

type Sight = { readonly from: number; readonly room: number };

/** Which rows of a long list to draw: those in sight, with some to spare. `from` may lie behind a list that became shorter. */
export function windowOf(
  { from, room }: Sight,
  count: number,
): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.min(from, count - room) - SPARE);
  return { first, last: Math.min(count, from + room + SPARE) };
}

/** The rows near the part that is seen of a list whose rows are equally high. Scrolling renders only when another row comes into sight. */
export function useWindow(frame: RefObject<HTMLElement | null>, rowHeight: number, count: number) {
  const [sight, setSight] = useState<Sight>({ from: 0, room: 20 });
  const look = useCallback(() => {
    const shown = frame.current;
    if (shown === null) return;
    const from = Math.floor(shown.scrollTop / rowHeight);
    const room = Math.ceil(shown.clientHeight / rowHeight) + 1;
    setSight((before) => (before.from === from && before.room === room ? before : { from, room }));
  }, [frame, rowHeight]);
  useLayoutEffect(() => {
    const shown = frame.current;
    if (shown === null) return;
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(shown);
    shown.addEventListener("scroll", look, { passive: true });
    return () => {
      sizes.disconnect();
      shown.removeEventListener("scroll", look);
    };
  }, [frame, look]);
  return windowOf(sight, count);
}

/** Scrolls as little as needed to show a row, and `around` rows on either side of it. */
export function bringIntoSight(frame: HTMLElement, rowHeight: number, index: number, around = 0): void {
  const top = (index - around) * rowHeight;
  const bottom = (index + 1 + around) * rowHeight;
  if (top < frame.scrollTop) frame.scrollTop = Math.max(0, top);
  else if (bottom > frame.scrollTop + frame.clientHeight) frame.scrollTop = bottom - frame.clientHeight;
}
