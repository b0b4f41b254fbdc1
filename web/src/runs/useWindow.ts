import { type RefObject, useLayoutEffect, useState } from "react";

const SPARE = 8;

/** Which rows of a long list are near the part of it that is seen. All rows are equally high. */
export function windowOf(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
): { readonly first: number; readonly last: number } {
  const first = Math.min(count, Math.max(0, Math.floor(top / rowHeight) - SPARE));
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + SPARE);
  return { first, last: Math.max(first, last) };
}

export function useWindow(frame: RefObject<HTMLElement | null>, rowHeight: number, count: number) {
  const [seen, setSeen] = useState({ first: 0, last: Math.min(count, 40) });
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const look = () => {
      const next = windowOf(element.scrollTop, element.clientHeight, rowHeight, count);
      setSeen((before) => (before.first === next.first && before.last === next.last ? before : next));
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      sizes.disconnect();
    };
  }, [frame, rowHeight, count]);
  return seen;
}

/** Scrolls as little as needed to show a row. */
export function showRow(element: HTMLElement, rowHeight: number, index: number): void {
  const top = index * rowHeight;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + rowHeight > element.scrollTop + element.clientHeight)
    element.scrollTop = top + rowHeight - element.clientHeight;
}
