import type { CspContent, CspEntry } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Checkbox, Field, FieldGroup, TextInput } from "../ui";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";

export const DIRECTIVES = [
  "childSrc",
  "connectSrc",
  "connectSrcWSS",
  "fontSrc",
  "formAction",
  "frameAncestors",
  "frameSrc",
  "imgSrc",
  "mediaSrc",
  "objectSrc",
  "scriptSrc",
  "styleSrc",
  "workerSrc",
] as const;

export function CspForm({ entry, onClose }: { readonly entry?: CspEntry; readonly onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<CspContent>({
    origin: entry?.origin ?? "",
    name: entry?.name ?? "",
    ...Object.fromEntries(DIRECTIVES.map((name) => [name, entry?.[name] ?? false])),
  });
  const save = useMutation({
    mutationFn: () =>
      entry === undefined
        ? api.v1.createCSPEntry(draft)
        : api.v1.updateCSPEntry(entry.id, { ...draft, description: entry.description }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["csp-origins"] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={entry === undefined ? t("settings.cspNew") : t("settings.cspEdit")}
      action={t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["origin", "name"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field
        label={t("settings.origin")}
        hint={t("settings.cspHint")}
        required
        error={faultAt(save.error, "origin")}
      >
        {(wired) => (
          <TextInput {...wired} value={draft.origin} onChange={(origin) => setDraft({ ...draft, origin })} />
        )}
      </Field>
      <Field label={t("settings.name")} error={faultAt(save.error, "name")}>
        {(wired) => (
          <TextInput {...wired} value={draft.name ?? ""} onChange={(name) => setDraft({ ...draft, name })} />
        )}
      </Field>
      <FieldGroup legend={t("settings.directives")}>
        <div className="settings-grid">
          {DIRECTIVES.map((name) => (
            <Checkbox
              key={name}
              label={name}
              hint={t(`settings.csp.${name}`)}
              checked={draft[name] === true}
              onChange={(on) => setDraft({ ...draft, [name]: on })}
            />
          ))}
        </div>
      </FieldGroup>
    </FormDialog>
  );
}
