import type { Template } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { FormDialog } from "../settings/FormDialog";
import { faultAt, faultElsewhere } from "../settings/faults";
import { containing } from "../settings/filters";
import { useMe } from "../settings/me";
import { Combobox, Field, TextArea, TextInput, useDebounced, useToast } from "../ui";

const FIELDS = ["name", "externalid", "automation", "note", "short_description"];

/** A new template made of an automation of the own account, or the next version of one. */
export function PublishForm({
  template,
  onClose,
}: {
  readonly template?: Template;
  readonly onClose: () => void;
}) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [, go] = useLocation();
  const [automation, setAutomation] = useState("");
  const [name, setName] = useState("");
  const [summary, setSummary] = useState("");
  const [note, setNote] = useState("");
  const [wanted, setWanted] = useState("");
  const settled = useDebounced(wanted.trim());
  const automations = useQuery({
    queryKey: ["automations", "find", settled],
    queryFn: ({ signal }) =>
      api.workflows.getAutomations(
        { limit: 50, sort: "name", filter: containing(["name"], settled) },
        { signal },
      ),
  });
  const options = (automations.data?.data ?? []).map((one) => ({ value: one.id, label: one.name }));
  const save = useMutation({
    mutationFn: async () => {
      const oem = await api.oem();
      const source = automation === "" ? {} : { automation: { account: me.accountId, guid: automation } };
      if (template !== undefined) return oem.createTemplateVersion(template.guid, { note, ...source });
      return oem.createTemplate({ name, note, short_description: summary, ...source });
    },
    onSuccess: ({ guid }) => {
      void queryClient.invalidateQueries({ queryKey: ["oem"] });
      onClose();
      if (template === undefined) go(`/templates/${guid}`);
      else toast.say(t("admin.versionMade"));
    },
  });
  const isNew = template === undefined;
  return (
    <FormDialog
      title={isNew ? t("admin.publish") : t("admin.versionNew")}
      action={t("admin.publishIt")}
      busy={save.isPending}
      disabled={isNew && automation === ""}
      error={faultElsewhere(save.error, FIELDS)}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field
        label={t("admin.automation")}
        hint={isNew ? t("admin.automationHint") : t("admin.automationKept")}
        required={isNew}
        error={faultAt(save.error, "automation")}
      >
        {(wired) => (
          <Combobox
            {...wired}
            options={options}
            value={automation}
            onQuery={setWanted}
            busy={automations.isFetching}
            onChange={(id) => {
              setAutomation(id);
              const found = options.find(({ value }) => value === id);
              if (name === "" && found !== undefined) setName(found.label);
            }}
          />
        )}
      </Field>
      {isNew ? (
        <>
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
        </>
      ) : null}
      <Field label={t("admin.note")} hint={t("admin.noteHint")} error={faultAt(save.error, "note")}>
        {(wired) => <TextArea {...wired} rows={3} value={note} onChange={setNote} />}
      </Field>
    </FormDialog>
  );
}
