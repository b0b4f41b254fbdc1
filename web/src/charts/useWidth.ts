import { type RefObject, useLayoutEffect, useState } from "react";

/** How wide an element is, as it changes. */
export function useWidth(element: RefObject<HTMLElement | null>, before = 600): number {
  const [width, setWidth] = useState(before);
  useLayoutEffect(() => {
    const watched = element.current;
    if (watched === null) return;
    const measure = () => setWidth((known) => (watched.clientWidth > 0 ? watched.clientWidth : known));
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(watched);
    return () => sizes.disconnect();
  }, [element]);
  return width;
}
