import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, ButtonLink, Dialog, Field, FieldGroup, Problem, TextInput, useToast } from "../ui";
import { blankWorkspace } from "./catalog";
import { asWritten } from "./exact";
import { type Carried, workspaceIn } from "./transfer";

type From = "blank" | "file" | "template";
const WAYS = { blank: "editor.fromBlank", file: "editor.fromFile", template: "editor.fromTemplate" } as const;

export function CreateDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [from, setFrom] = useState<From>("blank");
  const [file, setFile] = useState<Carried | null>(null);
  const [bad, setBad] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      api.workflows.createAutomation({
        name: name.trim() || file?.name || t("editor.untitled"),
        description: from === "file" ? (file?.description ?? "") : "",
        workspace:
          from === "file" && file !== null
            ? asWritten(file.workspace, file.written)
            : blankWorkspace("Start"),
      }),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["automations", "list"] });
      const unbound = made.importReport?.unbound.length ?? 0;
      if (unbound > 0) toast.say(t("editor.importedUnbound", unbound));
      onClose();
      navigate(`/${made.id}`);
    },
  });
  const choose = async (chosen: File | undefined) => {
    const found = chosen === undefined ? null : workspaceIn(await chosen.text());
    setFile(found);
    setBad(chosen !== undefined && found === null);
    if (found?.name != null && name === "") setName(found.name);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (from !== "file" || file !== null) create.mutate();
  };
  return (
    <Dialog title={t("editor.new")} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label={t("editor.newName")}>
          {(wired) => (
            <TextInput
              {...wired}
              data-autofocus
              maxLength={255}
              value={name}
              placeholder={t("editor.untitled")}
              onChange={setName}
            />
          )}
        </Field>
        <FieldGroup legend={t("editor.from")}>
          {(Object.keys(WAYS) as From[]).map((way) => (
            <label key={way} className="editor-way">
              <input type="radio" name="from" checked={from === way} onChange={() => setFrom(way)} />{" "}
              {t(WAYS[way])}
            </label>
          ))}
        </FieldGroup>
        {from === "file" ? (
          <Field
            label={t("editor.file")}
            hint={t("editor.fileHint")}
            error={bad ? t("editor.fileBad") : undefined}
          >
            {(wired) => (
              <input
                {...wired}
                type="file"
                accept="application/json,.json"
                onChange={(event) => void choose(event.target.files?.[0])}
              />
            )}
          </Field>
        ) : null}
        {create.isError ? <Problem error={create.error} /> : null}
        <div className="editor-form-end">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          {from === "template" ? (
            <ButtonLink look="primary" to="~/studio/templates">
              {t("editor.templateGo")}
            </ButtonLink>
          ) : (
            <Button
              look="primary"
              type="submit"
              busy={create.isPending}
              disabled={from === "file" && file === null}
            >
              {t("editor.create")}
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
