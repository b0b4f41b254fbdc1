import { type RefObject, useCallback, useEffect, useState } from "react";

export const ROW_HEIGHT = 40;
const SPARE = 6;

/** Which rows are in sight, with some to spare. Scrolling renders only when another row comes into sight. */
export function useWindow(scroller: RefObject<HTMLElement | null>, count: number) {
  const [from, setFrom] = useState(0);
  const [room, setRoom] = useState(20);
  const measure = useCallback(() => {
    const shown = scroller.current;
    if (shown === null) return;
    setFrom(Math.floor(shown.scrollTop / ROW_HEIGHT));
    setRoom(Math.ceil(shown.clientHeight / ROW_HEIGHT) + 1);
  }, [scroller]);
  useEffect(() => {
    const shown = scroller.current;
    if (shown === null) return;
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(shown);
    shown.addEventListener("scroll", measure, { passive: true });
    return () => {
      watch.disconnect();
      shown.removeEventListener("scroll", measure);
    };
  }, [scroller, measure]);
  const first = Math.max(0, Math.min(from, count - room) - SPARE);
  return { first, last: Math.min(count, from + room + SPARE) };
}

/** Brings a row into sight, with the row before and after it. */
export function bringIntoSight(scroller: HTMLElement, index: number): void {
  const top = index * ROW_HEIGHT;
  if (top - ROW_HEIGHT < scroller.scrollTop) scroller.scrollTop = Math.max(0, top - ROW_HEIGHT);
  else if (top + 2 * ROW_HEIGHT > scroller.scrollTop + scroller.clientHeight) {
    scroller.scrollTop = top + 2 * ROW_HEIGHT - scroller.clientHeight;
  }
}
