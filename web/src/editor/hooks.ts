import { useCallback, useRef, useSyncExternalStore } from "react";
import { type Block, blockOf, type Doc } from "./document";
import { type Row, rowsOf } from "./rows";
import type { Editor, Issue, Snapshot } from "./store";

/** A part of the editor's state; the component renders again only when that part is another one. */
export function useEditor<Part>(editor: Editor, part: (snapshot: Snapshot) => Part): Part {
  return useSyncExternalStore(editor.subscribe, () => part(editor.getSnapshot()));
}

export function useBlock(editor: Editor, id: string | null): Block | undefined {
  const pick = useCallback(
    (snapshot: Snapshot) => (id === null ? undefined : blockOf(snapshot.doc, id)),
    [id],
  );
  return useEditor(editor, pick);
}

/** The visible rows: the same list as long as no edge and nothing folded has changed. */
export function useRows(editor: Editor): readonly Row[] {
  const kept = useRef<{ shape: Doc["shape"]; folded: ReadonlySet<string>; rows: readonly Row[] } | null>(
    null,
  );
  return useEditor(editor, ({ doc, folded }) => {
    if (kept.current?.shape !== doc.shape || kept.current.folded !== folded) {
      kept.current = { shape: doc.shape, folded, rows: reused(kept.current?.rows, rowsOf(doc, folded)) };
    }
    return kept.current.rows;
  });
}

/** The new rows, with the old object for each row that is the same: it need not be drawn again. */
export function reused(old: readonly Row[] | undefined, rows: readonly Row[]): readonly Row[] {
  if (old === undefined) return rows;
  const known = new Map(old.map((row) => [row.key, row]));
  return rows.map((row) => {
    const before = known.get(row.key);
    return before !== undefined && sameRow(before, row) ? before : row;
  });
}

function sameRow(one: Row, other: Row): boolean {
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  return Object.keys(left).every((field) => left[field] === right[field]);
}

const NONE: readonly Issue[] = [];
const BY_BLOCK = new WeakMap<readonly Issue[], Map<string, readonly Issue[]>>();

export function useIssues(editor: Editor, id: string): readonly Issue[] {
  const pick = useCallback(({ issues }: Snapshot) => issuesOf(issues, id), [id]);
  return useEditor(editor, pick);
}

function issuesOf(issues: readonly Issue[], id: string): readonly Issue[] {
  let found = BY_BLOCK.get(issues);
  if (found === undefined) {
    found = new Map();
    for (const issue of issues) {
      if (issue.blockId !== null) found.set(issue.blockId, [...(found.get(issue.blockId) ?? []), issue]);
    }
    BY_BLOCK.set(issues, found);
  }
  return found.get(id) ?? NONE;
}
