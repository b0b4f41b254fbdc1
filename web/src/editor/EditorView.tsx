import type { AutomationDetail } from "@client";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { useLiveRun } from "../runs/live";
import { Loading, Page, useToast } from "../ui";
import { Address } from "./Address";
import { ConflictDialog } from "./ConflictDialog";
import { type Editing, EditingContext } from "./context";
import { anyDraft } from "./drafts";
import { HeaderActions, HeaderState } from "./Header";
import { useEditor } from "./hooks";
import { Picker } from "./Picker";
import { RunStrip } from "./RunStrip";
import { Shortcuts } from "./Shortcuts";
import { type Clash, clashOf, save } from "./saving";
import type { Editor, Snapshot, Spot } from "./store";
import { spotFor } from "./store";
import { Toolbar } from "./Toolbar";
import { Tree } from "./Tree";
import { useCatalog } from "./useCatalog";
import "./editor.css";

const Panel = lazy(() => import("./panel/Panel").then((found) => ({ default: found.Panel })));

/** The editor of one automation: the tree, beside it the panel of the current block. */
export function EditorView({
  editor,
  detail,
}: {
  readonly editor: Editor;
  readonly detail: AutomationDetail;
}) {
  const api = useApi();
  const { t } = useLocale();
  const toast = useToast();
  const queries = useQueryClient();
  const catalog = useCatalog();
  const [run, setRun] = useState<string | null>(null);
  const [whole, setWhole] = useState(false);
  const live = useLiveRun(editor.automationId, run);
  const [picked, setPicked] = useState<{ readonly spot: Spot | null } | null>(null);
  const [clash, setClash] = useState<Clash | null>(null);
  const [help, setHelp] = useState(false);
  const [panel, setPanel] = useState(() => matchMedia("(min-width: 701px)").matches);
  const [tab, setTab] = useState<"inputs" | "output">("inputs");
  const [said, setSaid] = useState("");
  const [saving, setSaving] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const side = useRef<HTMLElement>(null);
  const left = useRef<HTMLElement>(null);
  const name = useEditor(editor, (now) => now.about.name);
  const watch = useCallback((id: string) => {
    setRun(id);
    setWhole(true);
  }, []);
  useGuard(editor);

  const store = useCallback(async (): Promise<boolean> => {
    if (!editor.getSnapshot().dirty) return true;
    setSaving(true);
    try {
      const saved = await save(api, editor, t("editor.unbound"));
      queries.setQueryData(["automations", editor.automationId], saved);
      queries.setQueryData(["automations", editor.automationId, "editor"], {
        detail: saved,
        etag: editor.base.etag,
      });
      void queries.invalidateQueries({ queryKey: ["automations"], refetchType: "none" });
      setSaid(t("editor.savedVersion", saved.version));
      if (saved.pinned && saved.liveVersion !== saved.version) toast.say(t("editor.draft"));
      return true;
    } catch (error) {
      const found = clashOf(error);
      if (found === null) toast.fail(error);
      else setClash(found);
      return false;
    } finally {
      setSaving(false);
    }
  }, [api, editor, queries, t, toast]);

  const test = useCallback(
    async (what: { readonly until?: string; readonly only?: string } = {}) => {
      if (!editor.readOnly && !(await store())) return;
      try {
        const began = await api.workflows.testAutomation(editor.automationId, {
          ...what,
          ...(what.only !== undefined && run !== null ? { runId: run } : {}),
        });
        setRun(began.id);
        setWhole(false);
        setTab(what.only === undefined ? "inputs" : "output");
        setSaid(t("editor.testing"));
      } catch (error) {
        toast.fail(error);
      }
    },
    [api, editor, run, store, t, toast],
  );

  const runWhole = useCallback(async () => {
    if (!(await store())) return;
    try {
      const began = await api.workflows.createRun(editor.automationId, { context: "api" });
      setRun(began.id);
      setWhole(true);
      setSaid(t("editor.running"));
    } catch (error) {
      toast.fail(error);
    }
  }, [api, editor, store, t, toast]);

  const editing = useMemo<Editing>(
    () => ({
      editor,
      catalog,
      live,
      pick: (spot) => setPicked({ spot }),
      openPanel: (how = "enter") => {
        setPanel(true);
        if (how === "enter") requestAnimationFrame(() => side.current?.focus());
      },
      test: (what) => void test(what),
      say: setSaid,
    }),
    [editor, catalog, live, test],
  );
  const toBlocks = () => left.current?.querySelector<HTMLElement>('[role="tree"]')?.focus();
  useKeys(editor, store, test);
  return (
    <EditingContext value={editing}>
      <Address editor={editor} onRun={watch} />
      <Page
        full
        title={name}
        back={{ to: "/", label: t("editor.back") }}
        about={<HeaderState detail={detail} saving={saving} />}
        actions={
          <HeaderActions
            detail={detail}
            saving={saving}
            onSave={() => void store()}
            onRun={() => void runWhole()}
          />
        }
      >
        {editor.readOnly ? <p className="editor-note">{t("editor.readOnly")}</p> : null}
        {run === null ? null : <RunStrip runId={run} whole={whole} onHide={() => setRun(null)} />}
        <div className={panel ? "editor-body editor-paneled" : "editor-body"}>
          <section className="editor-left" aria-label={t("editor.blocks")} ref={left}>
            <Toolbar
              search={search}
              onAdd={() => setPicked({ spot: spotFor(editor) })}
              onHelp={() => setHelp(true)}
            />
            <Tree onSearch={() => search.current?.focus()} onHelp={() => setHelp(true)} />
          </section>
          <section
            className="editor-right"
            aria-label={t("editor.panel")}
            ref={side}
            tabIndex={-1}
            onKeyDown={(event) => {
              if (event.key === "Escape" && !event.defaultPrevented && !inLayer(event.target)) toBlocks();
            }}
          >
            <CurrentPanel
              editor={editor}
              onClose={() => {
                setPanel(false);
                toBlocks();
              }}
              save={store}
              tab={tab}
            />
          </section>
        </div>
        <p className="visually-hidden" role="status">
          {said}
        </p>
      </Page>
      {picked === null ? null : <Picker spot={picked.spot} onClose={() => setPicked(null)} />}
      {help ? <Shortcuts onClose={() => setHelp(false)} /> : null}
      {clash === null ? null : (
        <ConflictDialog
          editor={editor}
          clash={clash}
          onClose={() => setClash(null)}
          onKeepMine={() => void store()}
        />
      )}
    </EditingContext>
  );
}

/** Menus and dialogs of the panel close on Escape by themselves. */
function inLayer(target: EventTarget): boolean {
  return target instanceof Element && target.closest("dialog, [popover], [aria-expanded='true']") !== null;
}

const currentOf = (now: Snapshot) => now.current;

type PanelProps = {
  readonly editor: Editor;
  readonly onClose: () => void;
  readonly save: () => Promise<boolean>;
  readonly tab: "inputs" | "output";
};

function CurrentPanel({ editor, onClose, save, tab }: PanelProps) {
  const { t } = useLocale();
  // The tree is drawn first; the panel follows when there is time, so that going through the blocks is not held up by it.
  const current = useDeferredValue(useEditor(editor, currentOf));
  if (current === null) return <p className="editor-nothing">{t("editor.panelEmpty")}</p>;
  return (
    <Suspense fallback={<Loading />}>
      <Panel editor={editor} blockId={current} onClose={onClose} save={save} tab={tab} />
    </Suspense>
  );
}

/** Closing the window asks while something is not saved, here or in another automation. */
function useGuard(editor: Editor) {
  const dirty = useEditor(editor, (now) => now.dirty);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (dirty || anyDraft()) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [dirty]);
}

/** Keys that work wherever the focus is, but in a field that has its own undo. */
function useKeys(editor: Editor, store: () => Promise<boolean>, test: () => Promise<void>) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      const key = event.key.toLowerCase();
      const typing =
        event.target instanceof Element &&
        event.target.closest("input, textarea, [contenteditable='true']") !== null;
      if (document.querySelector("dialog[open]") !== null) return;
      if (key === "s") void store();
      else if (key === "z" && !typing) event.shiftKey ? editor.redo() : editor.undo();
      else if (key === "y" && !typing) editor.redo();
      else if (key === "enter" && !event.defaultPrevented) void test();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [editor, store, test]);
}
