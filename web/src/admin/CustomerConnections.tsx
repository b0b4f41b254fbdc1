import type { Datasource } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Empty, Loading, Problem, Table, Time, useConfirm, useToast } from "../ui";
import { everything, useOemQuery } from "./data";

/** The customer's connections; their secrets are never shown. */
export function CustomerConnections({ account }: { readonly account: string }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const key = ["account", account, "datasources"];
  const query = useOemQuery<Datasource[]>(key, (oem, signal) =>
    everything((page, per_page) => oem.listDatasources(account, { page, per_page }, { signal })),
  );
  const remove = useMutation({
    mutationFn: async (guid: string) => (await api.oem()).deleteDatasource(account, guid),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["oem", ...key] }),
    onError: toast.fail,
  });
  const ask = async ({ guid, name }: Datasource) => {
    const action = t("admin.connectionDelete");
    if (await confirm({ title: action, text: t("admin.connectionDeleteText", name), action, danger: true }))
      remove.mutate(guid);
  };
  return (
    <section className="settings-section">
      <h2>{t("admin.connections")}</h2>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.length === 0 ? <Empty title={t("admin.connectionsNone")} /> : null}
      {query.data === undefined || query.data.length === 0 ? null : (
        <Table
          caption={t("admin.connections")}
          rows={query.data}
          keyOf={(one) => one.guid}
          columns={[
            { id: "name", label: t("settings.name"), wide: true, cell: (one) => <bdi>{one.name}</bdi> },
            { id: "connector", label: t("admin.connector"), cell: (one) => <bdi>{one.connector.name}</bdi> },
            {
              id: "state",
              label: t("settings.state"),
              cell: (one) =>
                one.is_connected ? (
                  <Badge tone="good">{t("admin.connected")}</Badge>
                ) : (
                  <Badge tone="bad">{t("admin.health.disconnected")}</Badge>
                ),
            },
            {
              id: "used",
              label: t("admin.used"),
              cell: (one) => (one.is_used ? t("admin.yes") : t("admin.no")),
            },
            { id: "at", label: t("settings.created"), cell: (one) => <Time at={one.created_at} /> },
            {
              id: "do",
              label: t("action.delete"),
              quiet: true,
              cell: (one) =>
                one.is_used ? null : (
                  <Button
                    look="danger"
                    aria-label={t("settings.deleteOne", one.name)}
                    onClick={() => void ask(one)}
                  >
                    {t("action.delete")}
                  </Button>
                ),
            },
          ]}
        />
      )}
    </section>
  );
}
