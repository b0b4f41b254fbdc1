import { type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { mayMove, move, topmost } from "./edits";
import { type Drop, dropAt } from "./places";
import type { Row } from "./rows";
import { ROW_HEIGHT } from "./rows";
import type { Editor } from "./store";

export const STEP = 22;
const BEGINS_AFTER = 6;
const EDGE = 40;
const SPEED = 12;

export type Dragging = { readonly ids: readonly string[]; readonly drop: Drop | null; readonly gap: number };

/** Drag and drop with pointer events: mouse anywhere on a row, touch and pen on its handle. */
export function useDrag(
  editor: Editor,
  rows: readonly Row[],
  scroller: RefObject<HTMLElement | null>,
  done: (ids: readonly string[]) => void,
) {
  const [dragging, setDragging] = useState<Dragging | null>(null);
  const state = useRef<{
    id: string;
    x: number;
    y: number;
    at: { x: number; y: number };
    active: boolean;
    now: Dragging | null;
  } | null>(null);
  const latest = useRef({ rows, done });
  latest.current = { rows, done };
  const frame = useRef(0);

  const aim = useCallback(() => {
    const held = state.current;
    const area = scroller.current;
    if (held === null || area === null || !held.active) return;
    const box = area.getBoundingClientRect();
    const { doc, selected } = editor.getSnapshot();
    const ids = topmost(doc, selected.has(held.id) ? selected : [held.id]);
    const found = dropAt(
      doc,
      latest.current.rows,
      held.at.y - box.top + area.scrollTop,
      held.at.x - box.left,
      ROW_HEIGHT,
      STEP,
    );
    const drop = found !== null && mayMove(doc, ids, found.drop.spot) ? found.drop : null;
    const next = { ids, drop, gap: found?.gap ?? 0 };
    if (
      held.now?.gap !== next.gap ||
      held.now.drop?.depth !== next.drop?.depth ||
      (held.now.drop === null) !== (drop === null)
    ) {
      held.now = next;
      setDragging(next);
    }
  }, [editor, scroller]);

  const scroll = useCallback(() => {
    const held = state.current;
    const area = scroller.current;
    if (held === null || area === null || !held.active) return;
    const box = area.getBoundingClientRect();
    const way = held.at.y < box.top + EDGE ? -SPEED : held.at.y > box.bottom - EDGE ? SPEED : 0;
    if (way !== 0) {
      area.scrollTop += way;
      aim();
    }
    frame.current = requestAnimationFrame(scroll);
  }, [aim, scroller]);

  const stop = useCallback(() => {
    cancelAnimationFrame(frame.current);
    state.current = null;
    setDragging(null);
  }, []);
  useEffect(() => stop, [stop]);

  useEffect(() => {
    const onMove = (event: globalThis.PointerEvent) => {
      const held = state.current;
      if (held === null) return;
      held.at = { x: event.clientX, y: event.clientY };
      if (!held.active && Math.hypot(event.clientX - held.x, event.clientY - held.y) > BEGINS_AFTER) {
        held.active = true;
        frame.current = requestAnimationFrame(scroll);
      }
      aim();
    };
    const onUp = () => {
      const held = state.current;
      const now = held?.now;
      stop();
      if (held?.active !== true) return;
      // The click that ends a drag selects nothing.
      addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => removeEventListener("click", swallow, true), 0);
      if (now?.drop == null) return;
      const { spot } = now.drop;
      editor.edit((doc) => move(doc, now.ids, spot), { select: now.ids });
      latest.current.done(now.ids);
    };
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key === "Escape" && state.current?.active === true) {
        event.stopPropagation();
        stop();
      }
    };
    addEventListener("pointermove", onMove);
    addEventListener("pointerup", onUp);
    addEventListener("pointercancel", stop);
    addEventListener("keydown", onKey, true);
    return () => {
      removeEventListener("pointermove", onMove);
      removeEventListener("pointerup", onUp);
      removeEventListener("pointercancel", stop);
      removeEventListener("keydown", onKey, true);
    };
  }, [aim, editor, scroll, stop]);

  const begin = useCallback(
    (event: PointerEvent, id: string) => {
      if (editor.readOnly || event.button !== 0) return;
      const at = { x: event.clientX, y: event.clientY };
      state.current = { id, ...at, at, active: false, now: null };
    },
    [editor],
  );
  return { dragging, begin };
}

function swallow(event: Event): void {
  event.stopPropagation();
}
