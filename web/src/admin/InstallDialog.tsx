import type { Account } from "@client";
import { useState } from "react";
import { useLocale } from "../i18n";
import { Field, Select } from "../ui";
import { BulkDialog } from "./BulkDialog";
import { useTemplates } from "./data";

/** One template for many customers. */
export function InstallDialog({
  accounts,
  onClose,
}: {
  readonly accounts: readonly Account[];
  readonly onClose: () => void;
}) {
  const { t } = useLocale();
  const templates = useTemplates();
  const [template, setTemplate] = useState("");
  return (
    <BulkDialog
      title={t("admin.install")}
      action={t("admin.install")}
      disabled={template === ""}
      items={accounts.map(({ guid, name }) => ({ account: guid, accountName: name }))}
      call={(oem, some, signal) =>
        oem.bulkInstall({ template, items: some.map(({ account }) => ({ account })) }, {}, { signal })
      }
      onClose={onClose}
    >
      <Field label={t("admin.template")} hint={t("admin.installHint")} required>
        {(wired) => (
          <Select
            {...wired}
            value={template}
            onChange={setTemplate}
            empty={t("admin.choose")}
            options={(templates.data ?? []).map(({ guid, name }) => ({ value: guid, label: name }))}
          />
        )}
      </Field>
    </BulkDialog>
  );
}
