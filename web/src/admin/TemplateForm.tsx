import type { Template } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { FormDialog } from "../settings/FormDialog";
import { faultAt, faultElsewhere } from "../settings/faults";
import { Button, Field, Select, TextArea, TextInput, useConfirm, useToast } from "../ui";

const STATUSES = ["live", "coming soon", "hidden"] as const;

/** What customers see of a template. */
export function TemplateForm({
  template,
  onClose,
}: {
  readonly template: Template;
  readonly onClose: () => void;
}) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [, go] = useLocation();
  const [name, setName] = useState(template.name);
  const [summary, setSummary] = useState(template.short_description ?? "");
  const [description, setDescription] = useState(template.description ?? "");
  const [status, setStatus] = useState(template.status);
  const save = useMutation({
    mutationFn: async () =>
      (await api.oem()).updateTemplate(template.guid, {
        name,
        description,
        short_description: summary,
        status,
      }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["oem"] });
      onClose();
    },
  });
  const remove = useMutation({
    mutationFn: async () => (await api.oem()).deleteTemplate(template.guid),
    onSuccess: () => {
      onClose();
      go("/templates");
      void queryClient.invalidateQueries({ queryKey: ["oem", "templates"] });
    },
    onError: toast.fail,
  });
  const ask = async () => {
    const action = t("admin.templateDelete");
    if (
      await confirm({
        title: action,
        text: t("admin.templateDeleteText", template.name),
        action,
        danger: true,
      })
    ) {
      remove.mutate();
    }
  };
  return (
    <FormDialog
      title={t("admin.templateEdit")}
      action={t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["name", "short_description", "description"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field label={t("settings.name")} required error={faultAt(save.error, "name")}>
        {(wired) => <TextInput {...wired} maxLength={255} value={name} onChange={setName} />}
      </Field>
      <Field
        label={t("admin.summary")}
        hint={t("admin.summaryHint")}
        error={faultAt(save.error, "short_description")}
      >
        {(wired) => <TextInput {...wired} maxLength={1000} value={summary} onChange={setSummary} />}
      </Field>
      <Field
        label={t("settings.description")}
        hint={t("admin.markdown")}
        error={faultAt(save.error, "description")}
      >
        {(wired) => <TextArea {...wired} rows={6} value={description} onChange={setDescription} />}
      </Field>
      <Field label={t("settings.state")} hint={t(`admin.statusHint.${status}`)}>
        {(wired) => (
          <Select
            {...wired}
            value={status}
            onChange={(value) => setStatus(value as typeof status)}
            options={STATUSES.map((value) => ({ value, label: t(`admin.status.${value}`) }))}
          />
        )}
      </Field>
      <div>
        <Button look="danger" icon="trash" busy={remove.isPending} onClick={() => void ask()}>
          {t("admin.templateDelete")}
        </Button>
      </div>
    </FormDialog>
  );
}
