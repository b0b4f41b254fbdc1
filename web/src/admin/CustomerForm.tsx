import type { Account } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { FormDialog } from "../settings/FormDialog";
import { faultAt, faultElsewhere } from "../settings/faults";
import { Field, TextInput } from "../ui";

/** A new customer, or another name or id of one. */
export function CustomerForm({
  account,
  onClose,
}: {
  readonly account?: Account;
  readonly onClose: () => void;
}) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [, go] = useLocation();
  const [name, setName] = useState(account?.name ?? "");
  const [externalid, setExternal] = useState(account?.externalid ?? "");
  const save = useMutation({
    mutationFn: async () => {
      const oem = await api.oem();
      return account === undefined
        ? oem.createAccount({ name, externalid })
        : oem.updateAccount(account.guid, { name, externalid });
    },
    onSuccess: ({ guid }) => {
      void queryClient.invalidateQueries({ queryKey: ["oem", "accounts"] });
      void queryClient.invalidateQueries({ queryKey: ["oem", "account", guid] });
      void queryClient.invalidateQueries({ queryKey: ["tenants", guid] });
      onClose();
      if (account === undefined) go(`/customers/${guid}`);
    },
  });
  return (
    <FormDialog
      title={account === undefined ? t("admin.customerNew") : t("admin.customerEdit")}
      action={account === undefined ? t("admin.customerMake") : t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["name", "externalid"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field label={t("settings.name")} required error={faultAt(save.error, "name")}>
        {(wired) => <TextInput {...wired} maxLength={255} value={name} onChange={setName} />}
      </Field>
      <Field
        label={t("admin.externalId")}
        hint={t("admin.externalHint")}
        required
        error={faultAt(save.error, "externalid")}
      >
        {(wired) => <TextInput {...wired} maxLength={255} value={externalid} onChange={setExternal} />}
      </Field>
    </FormDialog>
  );
}
