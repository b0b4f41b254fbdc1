import type { ConnectionItem, ConnectorItem } from "@client";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { cursorOf, quoted } from "../api/pages";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  Empty,
  Loading,
  Logo,
  More,
  Page,
  Problem,
  Search,
  Select,
  Table,
  Time,
  useDebounced,
} from "../ui";
import { ConnectDialog } from "./ConnectDialog";
import { HEALTH, healthOf } from "./health";
import { listed } from "./listed";
import { NewConnectionDialog } from "./NewConnectionDialog";
import { useNotices } from "./useNotices";
import "./connections.css";

/** All connections that one sees, with how they are. */
export function ConnectionsPage() {
  const { t } = useLocale();
  const api = useApi();
  const [, go] = useLocation();
  const [typed, setTyped] = useState("");
  const [connector, setConnector] = useState("");
  const [adding, setAdding] = useState(false);
  const [renewing, setRenewing] = useState<ConnectionItem | null>(null);
  const sought = useDebounced(typed.trim());
  const notices = useNotices();
  const connectors = useQuery({
    queryKey: ["connectors", "all"],
    queryFn: ({ signal }) =>
      listed(api.workflows.allAutomationConnectors({ sort: "name", limit: 100 }, { signal })),
  });
  const byId = useMemo(() => new Map((connectors.data ?? []).map((one) => [one.id, one])), [connectors.data]);
  const filter = [
    ...(sought === "" ? [] : [`name co ${quoted(sought)}`]),
    ...(connector === "" ? [] : [`connectorId eq ${quoted(connector)}`]),
  ].join(" and ");
  const query = useInfiniteQuery({
    queryKey: ["connections", "list", { filter }],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      api.workflows.getAutomationConnections(
        { sort: "name", limit: 50, ...(filter && { filter }), ...(pageParam && { cursor: pageParam }) },
        { signal },
      ),
    getNextPageParam: cursorOf,
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = filter !== "";
  const nameOf = (id: string) => byId.get(id)?.name ?? "";
  return (
    <Page
      title={t("connections.title")}
      actions={
        <Button look="primary" icon="plus" onClick={() => setAdding(true)}>
          {t("connections.new")}
        </Button>
      }
    >
      <div className="toolbar">
        <Search value={typed} onChange={setTyped} label={t("connections.search")} />
        <Select
          aria-label={t("connections.connector")}
          empty={t("connections.allConnectors")}
          options={(connectors.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
          value={connector}
          onChange={setConnector}
        />
      </div>
      {query.error ? (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty
          title={filtered ? t("state.noMatch") : t("connections.empty")}
          {...(filtered
            ? {}
            : {
                text: t("connections.emptyText"),
                action: <Button onClick={() => setAdding(true)}>{t("connections.new")}</Button>,
              })}
        />
      ) : (
        <>
          <Table
            caption={t("connections.title")}
            rows={rows}
            keyOf={(row) => row.id}
            to={(row) => `/${row.id}`}
            columns={[
              {
                id: "name",
                label: t("connections.column.name"),
                wide: true,
                cell: (row) => <bdi>{row.name}</bdi>,
              },
              {
                id: "connector",
                label: t("connections.connector"),
                cell: (row) => <ConnectorName connector={byId.get(row.connectorId)} />,
              },
              {
                id: "health",
                label: t("connections.column.health"),
                cell: (row) => {
                  const shown = HEALTH[healthOf(row, notices.of(`connection:${row.id}`)[0])];
                  return <Badge tone={shown.tone}>{t(shown.key)}</Badge>;
                },
              },
              {
                id: "updated",
                label: t("connections.column.changed"),
                cell: (row) => <Time at={row.updatedAt} />,
              },
              {
                id: "do",
                label: t("connections.column.actions"),
                quiet: true,
                align: "end",
                cell: (row) =>
                  row.isConnected ? null : (
                    <Button
                      aria-label={t("connections.reconnectTo", row.name)}
                      onClick={() => setRenewing(row)}
                    >
                      {t("connections.reconnect")}
                    </Button>
                  ),
              },
            ]}
          />
          <More query={query} />
        </>
      )}
      {adding ? (
        <NewConnectionDialog
          connectors={connectors.data ?? []}
          onClose={() => setAdding(false)}
          onDone={(id) => go(`/${id}`)}
        />
      ) : null}
      {renewing === null ? null : (
        <ConnectDialog
          connectorId={renewing.connectorId}
          connectionId={renewing.id}
          onClose={() => setRenewing(null)}
          onDone={() => setRenewing(null)}
        />
      )}
      <span className="visually-hidden" role="status">
        {query.isSuccess && filtered
          ? t("connections.found", rows.length, connector === "" ? "" : nameOf(connector))
          : ""}
      </span>
    </Page>
  );
}

function ConnectorName({ connector }: { readonly connector: ConnectorItem | undefined }) {
  if (connector === undefined) return <span>–</span>;
  return (
    <span className="connections-of">
      <Logo name={connector.name} src={connector.logoSmall} size={22} />
      <bdi>{connector.name}</bdi>
    </span>
  );
}
