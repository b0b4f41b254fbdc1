import { type RefObject, useDeferredValue, useMemo, useState } from "react";
import { useLocale } from "../i18n";
import { Button, IconButton } from "../ui";
import { useEditing } from "./context";
import { Findings } from "./Findings";
import { useEditor } from "./hooks";
import { Overview } from "./Overview";
import { search as find } from "./rows";
import { allThatFold } from "./Tree";
import { Variables } from "./Variables";

type Props = {
  readonly search: RefObject<HTMLInputElement | null>;
  readonly onAdd: () => void;
  readonly onHelp: () => void;
};

export function Toolbar({ search, onAdd, onHelp }: Props) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const canUndo = useEditor(editor, (now) => now.canUndo);
  const canRedo = useEditor(editor, (now) => now.canRedo);
  const findings = useEditor(editor, (now) => now.issues.length);
  const [open, setOpen] = useState<"variables" | "findings" | "overview" | null>(null);
  return (
    <div className="editor-toolbar" role="toolbar" aria-label={t("editor.actions")}>
      {editor.readOnly ? null : (
        <>
          <Button icon="plus" onClick={onAdd}>
            {t("editor.add")}
          </Button>
          <IconButton
            icon="undo"
            label={t("editor.undo")}
            disabled={!canUndo}
            onClick={() => editor.undo()}
          />
          <IconButton
            icon="redo"
            label={t("editor.redo")}
            disabled={!canRedo}
            onClick={() => editor.redo()}
          />
        </>
      )}
      <IconButton
        icon="expand"
        label={t("editor.expandAll")}
        onClick={() => editor.fold(allThatFold(editor), false)}
      />
      <IconButton
        icon="collapse"
        label={t("editor.collapseAll")}
        onClick={() => editor.fold(allThatFold(editor), true)}
      />
      <IconButton icon="variable" label={t("editor.variables")} onClick={() => setOpen("variables")} />
      <IconButton icon="eye" label={t("editor.overview")} onClick={() => setOpen("overview")} />
      <IconButton icon="info" label={t("editor.shortcuts")} onClick={onHelp} />
      {findings === 0 ? null : (
        <Button look="bare" icon="warning" onClick={() => setOpen("findings")}>
          {t("editor.findings", findings)}
        </Button>
      )}
      <SearchBlocks input={search} />
      {open === "variables" ? <Variables onClose={() => setOpen(null)} /> : null}
      {open === "findings" ? <Findings onClose={() => setOpen(null)} /> : null}
      {open === "overview" ? <Overview onClose={() => setOpen(null)} /> : null}
    </div>
  );
}

function SearchBlocks({ input }: { readonly input: RefObject<HTMLInputElement | null> }) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const [query, setQuery] = useState("");
  const asked = useDeferredValue(query);
  const doc = useEditor(editor, (now) => (asked.trim() === "" ? null : now.doc));
  const current = useEditor(editor, (now) => (asked.trim() === "" ? null : now.current));
  const found = useMemo(() => (doc === null ? [] : find(doc, asked)), [doc, asked]);
  const at = current === null ? -1 : found.indexOf(current);
  const go = (step: 1 | -1) => {
    // Whoever presses Enter means what stands in the field, also when the count beside it is not there yet.
    const list = asked === query ? found : find(editor.getSnapshot().doc, query);
    if (list.length === 0) return;
    const from = list.indexOf(editor.getSnapshot().current ?? "");
    const next = from < 0 ? (step === 1 ? 0 : list.length - 1) : (from + step + list.length) % list.length;
    const id = list[next];
    if (id !== undefined) editor.reveal(id);
  };
  return (
    <div className="editor-search">
      <input
        ref={input}
        type="search"
        className="control"
        aria-label={t("editor.search")}
        placeholder={t("editor.search")}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            go(event.shiftKey ? -1 : 1);
          }
        }}
      />
      {query.trim() === "" ? null : (
        <>
          <span className="muted" role="status">
            {t("editor.searchAt", at + 1, found.length)}
          </span>
          <IconButton icon="arrowUp" label={t("editor.searchPrevious")} onClick={() => go(-1)} />
          <IconButton icon="arrowDown" label={t("editor.searchNext")} onClick={() => go(1)} />
        </>
      )}
    </div>
  );
}
