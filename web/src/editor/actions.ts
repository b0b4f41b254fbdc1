import { useMemo } from "react";
import { useLocale } from "../i18n";
import { useToast } from "../ui";
import { asText, type Clip, copied, duplicated, fromText, pasted } from "./clip";
import { useEditing } from "./context";
import { blockOf } from "./document";
import {
  type Direction,
  move,
  type Removal,
  remove,
  setDisabled,
  shift,
  spotTowards,
  topmost,
} from "./edits";
import { holdersOf } from "./rows";
import { spotFor } from "./store";
import { nameIn } from "./TreeRow";

/** What was copied last in this window; the clipboard of the system is used as well where the browser lets us. */
let kept: Clip | null = null;

/** What can be done with the blocks that are selected, by keys and by the menu. */
export function useActions() {
  const { editor, say } = useEditing();
  const { t } = useLocale();
  const toast = useToast();
  return useMemo(() => {
    const chosen = (): readonly string[] => {
      const { doc, selected, current } = editor.getSnapshot();
      const ids = selected.size > 0 ? [...selected] : current === null ? [] : [current];
      return topmost(doc, ids);
    };
    const removable = () => chosen().filter((id) => editor.block(id)?.type !== "StartBlock" || !isFirst(id));
    const isFirst = (id: string) => editor.getSnapshot().doc.shape.roots[0] === id;

    const copy = (): string | null => {
      const clip = copied(editor.getSnapshot().doc, chosen());
      if (clip.blocks.length === 0) return null;
      kept = clip;
      say(t("editor.copiedBlocks", clip.blocks.length));
      return asText(clip);
    };
    const removeThem = (how: Removal = "inside") => {
      const ids = removable();
      const before = editor.getSnapshot().doc.blocks.length;
      editor.edit((doc) => remove(doc, ids, how));
      const gone = before - editor.getSnapshot().doc.blocks.length;
      if (gone > 0) say(t("editor.removed", gone));
    };
    const paste = (text: string | null) => {
      const clip = (text === null ? null : fromText(text)) ?? (text === null || text === "" ? kept : null);
      const spot = spotFor(editor);
      if (clip === null || spot === null) {
        toast.say(t("editor.nothingToPaste"));
        return;
      }
      const made = pasted(editor.getSnapshot().doc, clip, spot);
      editor.edit(() => made.doc, { select: made.heads });
      say(t("editor.pasted", clip.blocks.length));
    };
    return {
      chosen,
      copy,
      paste,
      remove: removeThem,
      cut: (): string | null => {
        const text = copy();
        if (text !== null) removeThem();
        return text;
      },
      /** By the menu: through the clipboard of the system where the page may. */
      copyOut: async () => {
        const text = copy();
        if (text !== null) await navigator.clipboard?.writeText(text).catch(() => undefined);
      },
      cutOut: async () => {
        const text = copy();
        if (text === null) return;
        await navigator.clipboard?.writeText(text).catch(() => undefined);
        removeThem();
      },
      pasteIn: async () => {
        const text = await navigator.clipboard?.readText().catch(() => null);
        paste(text !== undefined && text !== null && fromText(text) !== null ? text : null);
      },
      duplicate: () => {
        const ids = chosen();
        const made = duplicated(editor.getSnapshot().doc, ids);
        if (made.heads.length > 0) editor.edit(() => made.doc, { select: made.heads });
      },
      toggleDisabled: () => {
        // Without its start nothing runs at all.
        const ids = removable();
        const { doc } = editor.getSnapshot();
        const off = ids.some((id) => blockOf(doc, id)?.disabled !== true);
        editor.edit((now) => setDisabled(now, ids, off));
      },
      shift: (direction: Direction) => {
        const { doc, current } = editor.getSnapshot();
        if (current === null) return;
        const ids = chosen();
        if (ids.length > 1 && ids.includes(current)) {
          const lead = direction === "down" ? ids.at(-1) : ids[0];
          const spot = lead === undefined ? null : spotTowards(doc, lead, direction);
          if (spot !== null) editor.edit((now) => move(now, ids, spot), { select: ids });
        } else {
          editor.edit((now) => shift(now, current, direction), { select: [current] });
        }
        editor.fold(holdersOf(editor.getSnapshot().doc, current), false);
        say(t("editor.moved", nameIn(editor.getSnapshot(), current)));
      },
    };
  }, [editor, say, t, toast]);
}

export type Actions = ReturnType<typeof useActions>;
