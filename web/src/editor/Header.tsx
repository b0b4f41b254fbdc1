import type { AutomationDetail } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  Dialog,
  download,
  Field,
  IconButton,
  Menu,
  NumberInput,
  Switch,
  TextArea,
  TextInput,
  useConfirm,
  useToast,
} from "../ui";
import { useEditing } from "./context";
import { inputOf, withInput } from "./document";
import { forget } from "./drafts";
import { useEditor } from "./hooks";
import { ScheduleDialog, scheduleWords } from "./ScheduleDialog";
import type { Editor, Snapshot } from "./store";
import { fileName, workspaceIn } from "./transfer";

const RUN_MODES = ["manual", "scheduled", "triggered", "webhook"] as const;

/** What the start block says starts it. */
function runModeOf({ doc }: Snapshot): (typeof RUN_MODES)[number] {
  const start = doc.blocks.find((block) => block.type === "StartBlock");
  const value = start === undefined ? null : inputOf(start, "run_mode")?.value;
  return RUN_MODES.find((mode) => mode === value) ?? "manual";
}

function setRunMode(editor: Editor, mode: (typeof RUN_MODES)[number]): void {
  const start = editor.getSnapshot().doc.blocks.find((block) => block.type === "StartBlock");
  if (start !== undefined)
    editor.editBlock(start.id, (block) => withInput(block, "run_mode", { value: mode }));
}

/** Below the name: how it starts, whether all is saved, and its name and description to edit. */
export function HeaderState({
  detail,
  saving,
}: {
  readonly detail: AutomationDetail;
  readonly saving: boolean;
}) {
  const { editor } = useEditing();
  const { t, language } = useLocale();
  const dirty = useEditor(editor, (now) => now.dirty);
  const mode = useEditor(editor, runModeOf);
  const schedules = useEditor(editor, (now) => now.about.schedules);
  const [open, setOpen] = useState<"details" | "schedule" | null>(null);
  const next = detail.schedules.map((one) => one.nextStartAt).find((at) => at != null) ?? null;
  return (
    <div className="editor-about">
      <Badge tone={saving ? "info" : dirty ? "warn" : "neutral"}>
        {t(saving ? "editor.saving" : dirty ? "editor.unsaved" : "editor.saved")}
      </Badge>
      <span className="muted">{t(`editor.runMode.${mode}`)}</span>
      <Button look="bare" icon="clock" onClick={() => setOpen("schedule")}>
        {schedules.length === 0
          ? t("editor.scheduleNone")
          : schedules
              .map((one) => scheduleWords(one, t, language))
              .join("; ")
              .slice(0, 80)}
      </Button>
      <IconButton icon="edit" label={t("editor.details")} onClick={() => setOpen("details")} />
      {open === "details" ? <Details onClose={() => setOpen(null)} /> : null}
      {open === "schedule" ? (
        <ScheduleDialog
          schedules={schedules}
          readOnly={editor.readOnly}
          next={next}
          scheduled={mode === "scheduled"}
          onScheduled={() => setRunMode(editor, "scheduled")}
          onApply={(wanted) => editor.describe({ schedules: wanted })}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </div>
  );
}

function Details({ onClose }: { readonly onClose: () => void }) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const [about, setAbout] = useState(() => editor.getSnapshot().about);
  const bad = about.name.trim() === "";
  return (
    <Dialog
      title={t("editor.details")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            look="primary"
            disabled={bad || editor.readOnly}
            onClick={() => {
              editor.describe({ ...about, name: about.name.trim() });
              onClose();
            }}
          >
            {t("editor.scheduleApply")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <Field label={t("editor.name")} required>
          {(wired) => (
            <TextInput
              {...wired}
              value={about.name}
              readOnly={editor.readOnly}
              onChange={(name) => setAbout({ ...about, name })}
            />
          )}
        </Field>
        <Field label={t("editor.description")}>
          {(wired) => (
            <TextArea
              {...wired}
              value={about.description}
              readOnly={editor.readOnly}
              onChange={(description) => setAbout({ ...about, description })}
            />
          )}
        </Field>
        <Field label={t("editor.atOnce")}>
          {(wired) => (
            <NumberInput
              {...wired}
              value={about.maxConcurrentRuns}
              readOnly={editor.readOnly}
              onChange={(most) =>
                setAbout({ ...about, maxConcurrentRuns: Math.max(1, Math.round(most ?? 1)) })
              }
            />
          )}
        </Field>
      </div>
    </Dialog>
  );
}

type ActionsProps = {
  readonly detail: AutomationDetail;
  readonly saving: boolean;
  readonly onSave: () => void;
  readonly onRun: () => void;
};

export function HeaderActions({ detail, saving, onSave, onRun }: ActionsProps) {
  const { editor, test } = useEditing();
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const file = useRef<HTMLInputElement>(null);
  const dirty = useEditor(editor, (now) => now.dirty);
  const [enabled, setEnabled] = useState(detail.state !== "disabled");
  const id = editor.automationId;
  const told = () => queries.invalidateQueries({ queryKey: ["automations"], refetchType: "none" });
  const enable = useMutation({
    mutationFn: (on: boolean) =>
      on ? api.workflows.enableAutomation(id) : api.workflows.disableAutomation(id),
    onMutate: setEnabled,
    onSuccess: told,
    onError: (error, on) => {
      setEnabled(!on);
      toast.fail(error);
    },
  });
  const copy = useMutation({
    mutationFn: () =>
      api.workflows.copyAutomation(id, { name: t("editor.copyOf", editor.getSnapshot().about.name) }),
    onSuccess: (made) => {
      void told();
      navigate(`/${made.id}`);
    },
    onError: (error) => toast.fail(error),
  });
  const remove = async () => {
    const { name } = editor.getSnapshot().about;
    const sure = await confirm({
      title: t("editor.deleteAsk", name),
      text: t("editor.deleteText"),
      action: t("action.delete"),
      danger: true,
    });
    if (!sure) return;
    try {
      await api.workflows.deleteAutomation(id);
      forget(id);
      editor.undoAll();
      await queries.invalidateQueries({ queryKey: ["automations"], refetchType: "none" });
      navigate("/");
    } catch (error) {
      toast.fail(error);
    }
  };
  const importFile = async (chosen: File | undefined) => {
    if (chosen === undefined) return;
    const found = workspaceIn(await chosen.text());
    if (found === null) return toast.fail(new Error(t("editor.fileBad")));
    editor.replace(found.workspace, found.written);
    toast.say(t("editor.imported", editor.getSnapshot().doc.blocks.length));
  };
  const exportJson = () => {
    const { name, description } = editor.getSnapshot().about;
    download(fileName(name), JSON.stringify({ name, description, workspace: editor.workspace() }, null, 2));
  };
  return (
    <>
      {editor.readOnly ? null : (
        <Switch label={t("editor.enabled")} checked={enabled} onChange={(on) => enable.mutate(on)} />
      )}
      {editor.readOnly ? null : (
        <>
          <Button icon="play" onClick={() => test()}>
            {t("editor.test")}
          </Button>
          <Button look="primary" icon="save" busy={saving} disabled={!dirty} onClick={onSave}>
            {t("editor.save")}
          </Button>
        </>
      )}
      <Menu
        label={t("editor.actions")}
        look="plain"
        items={[
          { label: t("editor.runNow"), icon: "play", disabled: editor.readOnly, onSelect: onRun },
          { label: t("editor.runs"), icon: "chart", onSelect: () => navigate(`/${id}/runs`) },
          { label: t("editor.history"), icon: "history", onSelect: () => navigate(`/${id}/versions`) },
          { label: t("editor.exportJson"), icon: "download", onSelect: exportJson },
          {
            label: t("editor.import"),
            icon: "upload",
            disabled: editor.readOnly,
            onSelect: () => file.current?.click(),
          },
          { label: t("editor.copy"), icon: "copy", onSelect: () => copy.mutate() },
          {
            label: t("editor.delete"),
            icon: "trash",
            danger: true,
            disabled: editor.readOnly,
            onSelect: () => void remove(),
          },
        ]}
      />
      <input
        ref={file}
        type="file"
        hidden
        accept="application/json,.json"
        aria-label={t("editor.file")}
        onChange={(event) => {
          void importFile(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
    </>
  );
}
