import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, CopyButton, Loading, Page, Problem, Tabs } from "../ui";
import { CustomerConnections } from "./CustomerConnections";
import { CustomerDanger } from "./CustomerDanger";
import { CustomerForm } from "./CustomerForm";
import { CustomerIntegrations } from "./CustomerIntegrations";
import { CustomerPeople } from "./CustomerPeople";
import { CustomerUsage } from "./CustomerUsage";

/** One customer: what is installed, who came, what was used, and whether it is let in. */
export function CustomerPage({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const api = useApi();
  const [tab, setTab] = useState("integrations");
  const [editing, setEditing] = useState(false);
  const back = { to: "/customers", label: t("admin.customers") };
  // The partner's list does not know those that are suspended; this does.
  const tenant = useQuery({
    queryKey: ["tenants", id],
    queryFn: ({ signal }) => api.v1.getTenantById(id, { signal }),
  });
  if (tenant.isPending) return <Loading />;
  if (tenant.isError) {
    return (
      <Page title={t("admin.customer")} back={back}>
        <Problem error={tenant.error} onRetry={() => void tenant.refetch()} />
      </Page>
    );
  }
  const { name, externalId, status, created } = tenant.data;
  const active = status === "active";
  const account = { guid: id, name, externalid: externalId, created_at: created, status };
  return (
    <Page
      title={name}
      back={back}
      about={
        <div className="settings-row">
          <Badge tone={active ? "good" : "bad"}>{active ? t("admin.active") : t("admin.suspendedOne")}</Badge>
          <CopyButton look="bare" text={externalId} label={externalId} />
        </div>
      }
      actions={
        active ? (
          <Button icon="edit" onClick={() => setEditing(true)}>
            {t("action.edit")}
          </Button>
        ) : undefined
      }
    >
      {active ? (
        <Tabs
          label={t("admin.customer")}
          value={tab}
          onChange={setTab}
          tabs={[
            {
              id: "integrations",
              label: t("admin.integrations"),
              content: <CustomerIntegrations account={account} />,
            },
            {
              id: "connections",
              label: t("admin.connections"),
              content: <CustomerConnections account={id} />,
            },
            { id: "people", label: t("admin.people"), content: <CustomerPeople account={id} /> },
            { id: "usage", label: t("admin.usage"), content: <CustomerUsage account={id} /> },
            { id: "access", label: t("admin.access"), content: <CustomerDanger tenant={tenant.data} /> },
          ]}
        />
      ) : (
        <CustomerDanger tenant={tenant.data} />
      )}
      {editing ? <CustomerForm account={account} onClose={() => setEditing(false)} /> : null}
    </Page>
  );
}
