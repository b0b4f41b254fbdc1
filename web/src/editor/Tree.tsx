import {
  type ClipboardEvent,
  type KeyboardEvent,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { useLocale } from "../i18n";
import { bringIntoSight, useWindow } from "../ui";
import { useActions } from "./actions";
import { CommentDialog } from "./CommentDialog";
import { useEditing } from "./context";
import { blockOf, branches, type Doc } from "./document";
import { useEditor, useRows } from "./hooks";
import { type Command, commandOf } from "./keys";
import { menuFor } from "./menuFor";
import { RowMenu } from "./RowMenu";
import type { Row } from "./rows";
import { ROW_HEIGHT } from "./rows";
import { nameIn, type RowEvents, TreeRow } from "./TreeRow";
import { useDrag } from "./useDrag";
import "./tree.css";

type Props = {
  readonly onSearch: () => void;
  readonly onHelp: () => void;
};

/** The blocks as a tree (ARIA APG "tree view", multi-select, focus by aria-activedescendant, since most rows do not exist at any
 * moment). */
export function Tree({ onSearch, onHelp }: Props) {
  const editing = useEditing();
  const { editor, pick, openPanel, say } = editing;
  const { t } = useLocale();
  const rows = useRows(editor);
  const current = useEditor(editor, (now) => now.current);
  const scroller = useRef<HTMLDivElement>(null);
  const base = useId();
  const [branch, setBranch] = useState<string | null>(null);
  const [menu, setMenu] = useState<{ readonly id: string; readonly from: DOMRect } | null>(null);
  const [commented, setCommented] = useState<string | null>(null);
  const actions = useActions();
  const { first, last } = useWindow(scroller, ROW_HEIGHT, rows.length);
  const { dragging, begin } = useDrag(editor, rows, scroller, (ids) =>
    say(t("editor.moved", nameIn(editor.getSnapshot(), ids[0] ?? ""))),
  );

  const places = useMemo(() => new Map(rows.map((row, index) => [row.key, index])), [rows]);
  const active =
    branch !== null && places.has(branch) ? branch : current !== null && places.has(current) ? current : null;
  const at = active === null ? -1 : (places.get(active) ?? -1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is current is brought into sight when it becomes current
  useEffect(() => {
    setBranch(null);
    const index = current === null ? undefined : places.get(current);
    if (index !== undefined && scroller.current !== null)
      bringIntoSight(scroller.current, ROW_HEIGHT, index, 1);
  }, [current]);

  const events = useMemo<RowEvents>(
    () => ({
      begin,
      menu: (id, from) => {
        if (!editor.getSnapshot().selected.has(id)) editor.select(id);
        setMenu({ id, from });
      },
      fold: (id, folded) => editor.fold([id], folded),
    }),
    [begin, editor],
  );

  const go = useCallback(
    (index: number, range = false) => {
      const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
      if (row === undefined) return;
      if (row.kind === "branch") setBranch(row.key);
      else {
        setBranch(null);
        editor.select(row.id, range ? "range" : "only");
      }
      if (scroller.current !== null) bringIntoSight(scroller.current, ROW_HEIGHT, rows.indexOf(row), 1);
    },
    [editor, rows],
  );

  const addHere = () => {
    const row = rows[at];
    if (editor.readOnly || row === undefined) return;
    pick(
      row.kind === "branch" ? { parent: row.parent, edge: row.edge } : { parent: row.id, edge: "childId" },
    );
  };
  const openMenu = () => {
    const shown = active === null ? null : document.getElementById(`${base}-${active}`);
    if (shown !== null && rows[at]?.kind === "block") setMenu({ id: active ?? "", from: cornerOf(shown) });
  };
  const commands: Record<Command, (event: KeyboardEvent) => void> = {
    next: (event) => go(at + 1, event.shiftKey),
    previous: (event) => go(at < 0 ? 0 : at - 1, event.shiftKey),
    first: (event) => go(0, event.shiftKey),
    last: (event) => go(rows.length - 1, event.shiftKey),
    pageDown: () => go(at + 10),
    pageUp: () => go(at - 10),
    inwards: () => inwards(rows, at, go, (id) => editor.fold([id], false)),
    outwards: () => outwards(rows, at, go, (id) => editor.fold([id], true)),
    edit: () => (rows[at]?.kind === "branch" ? addHere() : openPanel()),
    toggle: () => {
      const row = rows[at];
      if (row?.kind === "block") editor.select(row.id, "toggle");
    },
    add: addHere,
    remove: () => actions.remove(),
    disable: () => actions.toggleDisabled(),
    comment: () => {
      if (current !== null && !editor.readOnly) setCommented(current);
    },
    openAll: () => editor.fold(allThatFold(editor), false),
    search: onSearch,
    help: onHelp,
    menu: openMenu,
    selectAll: () => selectAll(editor, rows),
    duplicate: () => actions.duplicate(),
    moveUp: () => actions.shift("up"),
    moveDown: () => actions.shift("down"),
    moveIn: () => actions.shift("in"),
    moveOut: () => actions.shift("out"),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const command = event.target === event.currentTarget ? commandOf(event) : undefined;
    if (command === undefined) return;
    event.preventDefault();
    commands[command](event);
  };
  const put = (event: ClipboardEvent, text: string | null) => {
    if (text === null) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  };
  const shown = rows.slice(first, last);
  const outside = at >= 0 && (at < first || at >= last) ? rows[at] : undefined;
  const draw = (row: Row, index: number) => (
    <TreeRow
      key={row.key}
      row={row}
      index={index}
      id={`${base}-${row.key}`}
      active={row.key === active}
      events={events}
    />
  );
  return (
    <>
      <div
        ref={scroller}
        role="tree"
        tabIndex={0}
        aria-label={t("editor.tree")}
        aria-multiselectable="true"
        aria-activedescendant={active === null ? undefined : `${base}-${active}`}
        className={dragging === null ? "editor-tree" : "editor-tree editor-dragging"}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          // A pointer says itself which row it means.
          if (!event.currentTarget.matches(":focus-visible")) return;
          if (active === null && rows[0]?.kind === "block") editor.select(rows[0].id);
        }}
        onClick={(event) => {
          if (clicked(event, rows, places, editor, setBranch)) openPanel("show");
        }}
        onDoubleClick={() => openPanel()}
        onContextMenu={(event) => {
          const key = keyOf(event.target);
          if (key === null || blockOf(editor.getSnapshot().doc, key) === undefined) return;
          event.preventDefault();
          const from = new DOMRect(event.clientX, event.clientY, 0, 0);
          // Some systems ask for the menu while the button is still down; its release would close the menu again.
          if (event.buttons === 0) events.menu(key, from);
          else addEventListener("pointerup", () => setTimeout(() => events.menu(key, from)), { once: true });
        }}
        onCopy={(event) => put(event, actions.copy())}
        onCut={(event) => put(event, editor.readOnly ? actions.copy() : actions.cut())}
        onPaste={(event) => {
          if (editor.readOnly) return;
          event.preventDefault();
          actions.paste(event.clipboardData.getData("text/plain"));
        }}
      >
        <div role="none" className="editor-rows" style={{ height: rows.length * ROW_HEIGHT }}>
          {outside === undefined ? null : draw(outside, at)}
          {shown.map((row, index) => draw(row, first + index))}
          {dragging === null || dragging.drop === null ? null : (
            <div
              className="editor-drop"
              style={{
                transform: `translateY(${dragging.gap * ROW_HEIGHT}px)`,
                insetInlineStart: 8 + (dragging.drop.depth / 2) * 22,
              }}
            />
          )}
        </div>
      </div>
      {menu === null ? null : (
        <RowMenu
          label={t("editor.blockMenu", nameIn(editor.getSnapshot(), menu.id))}
          from={menu.from}
          onClose={() => {
            setMenu(null);
            scroller.current?.focus();
          }}
          items={menuFor(editing, actions, menu.id, t, () => setCommented(menu.id))}
        />
      )}
      {commented === null ? null : <CommentDialog id={commented} onClose={() => setCommented(null)} />}
    </>
  );
}

function cornerOf(shown: HTMLElement): DOMRect {
  const box = shown.getBoundingClientRect();
  return new DOMRect(box.left + 60, box.top, 0, box.height);
}

function keyOf(element: EventTarget): string | null {
  return element instanceof Element
    ? (element.closest("[data-key]")?.getAttribute("data-key") ?? null)
    : null;
}

type Selecting = { readonly select: (id: string, how?: "only" | "toggle" | "range") => void };

/** Selects what was clicked; true where it is one block that somebody wants to see. */
function clicked(
  event: {
    readonly target: EventTarget;
    readonly shiftKey: boolean;
    readonly ctrlKey: boolean;
    readonly metaKey: boolean;
  },
  rows: readonly Row[],
  places: ReadonlyMap<string, number>,
  editor: Selecting,
  setBranch: (key: string | null) => void,
): boolean {
  const key = keyOf(event.target);
  const row = key === null ? undefined : rows[places.get(key) ?? -1];
  if (row === undefined) return false;
  const how = event.shiftKey ? "range" : event.ctrlKey || event.metaKey ? "toggle" : "only";
  setBranch(row.kind === "branch" ? row.key : null);
  if (row.kind === "block") editor.select(row.id, how);
  return row.kind === "block" && how === "only";
}

function inwards(
  rows: readonly Row[],
  at: number,
  go: (index: number) => void,
  open: (id: string) => void,
): void {
  const row = rows[at];
  if (row === undefined) return;
  if (row.kind === "block" && row.open === false) open(row.id);
  else if ((rows[at + 1]?.depth ?? 0) > row.depth) go(at + 1);
}

function outwards(
  rows: readonly Row[],
  at: number,
  go: (index: number) => void,
  close: (id: string) => void,
): void {
  const row = rows[at];
  if (row === undefined) return;
  if (row.kind === "block" && row.open === true) close(row.id);
  else go(rows.findLastIndex((one, index) => index < at && one.depth < row.depth));
}

function selectAll(editor: Selecting, rows: readonly Row[]): void {
  const ids = rows.flatMap((row) => (row.kind === "block" ? [row.id] : []));
  const [one, other] = [ids[0], ids.at(-1)];
  if (one === undefined || other === undefined) return;
  editor.select(one);
  editor.select(other, "range");
}

export function allThatFold(editor: {
  readonly getSnapshot: () => { readonly doc: Doc };
}): readonly string[] {
  return editor
    .getSnapshot()
    .doc.blocks.filter((block) => branches(block).length > 0)
    .map((block) => block.id);
}
