import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Table, Time } from "../ui";

const MOST = 25;

/** Customers that are suspended. The partner's list leaves them out; who suspended them left a record, though. */
export function Suspended() {
  const { t } = useLocale();
  const api = useApi();
  const query = useQuery({
    queryKey: ["tenants", "suspended"],
    queryFn: async ({ signal }) => {
      const { data } = await api.v1.getAudits(
        { limit: 200, filter: 'action eq "tenant.deactivated"' },
        { signal },
      );
      const ids = [...new Set(data.map(({ subject }) => subject.split(":")[1] ?? ""))]
        .filter(Boolean)
        .slice(0, MOST);
      const found = await Promise.allSettled(ids.map((id) => api.v1.getTenantById(id, { signal })));
      return found
        .filter((one) => one.status === "fulfilled")
        .map(({ value }) => value)
        .filter(({ status }) => status === "disabled");
    },
  });
  const rows = query.data ?? [];
  if (rows.length === 0) return null;
  return (
    <section className="settings-section">
      <h2>{t("admin.suspended")}</h2>
      <Table
        caption={t("admin.suspended")}
        rows={rows}
        keyOf={(one) => one.id}
        to={(one) => `/customers/${one.id}`}
        columns={[
          { id: "name", label: t("admin.customer"), wide: true, cell: (one) => <bdi>{one.name}</bdi> },
          {
            id: "external",
            label: t("admin.externalId"),
            cell: (one) => <bdi className="settings-muted">{one.externalId}</bdi>,
          },
          { id: "since", label: t("admin.since"), cell: (one) => <Time at={one.statusLastUpdatedAt} /> },
        ]}
      />
    </section>
  );
}
