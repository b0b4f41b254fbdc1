import type { WebIntegration } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Field, TextArea, TextInput } from "../ui";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";
import { lines } from "./texts";

export function WebIntegrationForm({
  integration,
  onClose,
}: {
  integration?: WebIntegration;
  onClose: () => void;
}) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [name, setName] = useState(integration?.name ?? "");
  const [origins, setOrigins] = useState((integration?.validOrigins ?? []).join("\n"));
  const save = useMutation({
    mutationFn: async () => {
      const validOrigins = lines(origins);
      if (integration === undefined) await api.v1.createWebIntegration({ name, validOrigins });
      else {
        await api.v1.updateWebIntegrationById(integration.id, [
          { op: "replace", path: "/name", value: name },
          { op: "replace", path: "/validOrigins", value: validOrigins },
        ]);
      }
    },
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["web-integrations"] });
      onClose();
    },
  });
  // A patch is pointed at by the place of its operation in the list.
  const fault = (field: string, at: string) => faultAt(save.error, field) ?? faultAt(save.error, at);
  return (
    <FormDialog
      title={integration === undefined ? t("settings.webNew") : t("settings.webEdit")}
      action={t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["name", "validOrigins", "0", "1"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field label={t("settings.name")} required error={fault("name", "0")}>
        {(wired) => <TextInput {...wired} value={name} onChange={setName} />}
      </Field>
      <Field
        label={t("settings.originList")}
        hint={t("settings.originHint")}
        required
        error={fault("validOrigins", "1")}
      >
        {(wired) => <TextArea {...wired} value={origins} onChange={setOrigins} spellCheck={false} />}
      </Field>
    </FormDialog>
  );
}
