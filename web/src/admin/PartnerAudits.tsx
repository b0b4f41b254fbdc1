import type { PartnerAuditRecord } from "@client";
import { useMemo, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { AuditLog, type AuditSource, type Recorded } from "../settings/audit/AuditLog";
import { dayAfter, dayOf } from "../settings/audit/days";
import { Combobox, Field } from "../ui";
import { useAccounts } from "./data";

const recorded = (one: PartnerAuditRecord): Recorded => ({
  id: one.guid,
  time: one.time,
  action: one.action,
  subject: one.subject,
  name: one.name,
  actor: `${one.actor.kind} ${one.actor.user_guid ?? one.actor.id}`,
  detail: one.detail,
  traceId: one.trace_id,
  address: one.address,
});

/** Who did what: with what is the partner's own, or in one customer's account. */
export function PartnerAudits() {
  const { t } = useLocale();
  const api = useApi();
  const accounts = useAccounts();
  const [account, setAccount] = useState("");
  const source = useMemo<AuditSource>(
    () => ({
      key: ["oem", "audits", account],
      list: async (filter, cursor, signal) => {
        const page = await (await api.oem()).listPartnerAudits(
          {
            page: Number(cursor ?? 1),
            per_page: 50,
            account: account || undefined,
            action: filter.action.trim() || undefined,
            subject: filter.subject.trim() || undefined,
            from: dayOf(filter.from),
            to: dayAfter(filter.to),
          },
          { signal },
        );
        const { current_page: at, last_page: last } = page.meta;
        return { rows: page.data.map(recorded), next: at < last ? String(at + 1) : undefined };
      },
    }),
    [api, account],
  );
  return (
    <AuditLog
      source={source}
      title={t("settings.audit")}
      text={t("admin.auditText")}
      more={
        <Field label={t("admin.customer")}>
          {(wired) => (
            <Combobox
              {...wired}
              value={account}
              onChange={setAccount}
              placeholder={t("admin.partnerItself")}
              options={(accounts.data ?? []).map(({ guid, name, externalid }) => ({
                value: guid,
                label: name,
                hint: externalid,
              }))}
            />
          )}
        </Field>
      }
    />
  );
}
