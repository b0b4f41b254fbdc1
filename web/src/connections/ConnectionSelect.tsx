import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, IconButton, Problem, Select, type Wired } from "../ui";
import { ConnectDialog } from "./ConnectDialog";
import { listed } from "./listed";
import "./connections.css";

type Props = {
  /** The id of a connector, or what a workspace calls it. */
  readonly connectorId: string;
  /** The id of the chosen connection; empty where none is. */
  readonly value: string;
  readonly onChange: (connectionId: string) => void;
  /** Of a `Field` around it; else it names itself. */
  readonly wired?: Wired | undefined;
  readonly spaceId?: string | undefined;
  readonly disabled?: boolean | undefined;
};

/** Chooses among the connections of a connector, and makes or renews one on the way. */
export function ConnectionSelect({ connectorId, value, onChange, wired, spaceId, disabled }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const hint = useId();
  const [dialog, setDialog] = useState<"new" | "renew" | null>(null);
  const connector = useQuery({
    queryKey: ["connectors", connectorId],
    queryFn: ({ signal }) => api.workflows.getAutomationConnector(connectorId, { signal }),
  });
  const id = connector.data?.id;
  const connections = useQuery({
    queryKey: ["connections", "of", id ?? ""],
    queryFn: ({ signal }) => listed(api.workflows.allAutomationConnections(of(id ?? ""), { signal })),
    enabled: id !== undefined,
  });
  const failed = connector.error ?? connections.error;
  if (failed) return <Problem error={failed} onRetry={() => void connector.refetch()} />;
  const found = connections.data ?? [];
  const chosen = found.find((one) => one.id === value);
  const gone = value !== "" && connections.data !== undefined && chosen === undefined;
  const broken = chosen !== undefined && !chosen.isConnected;
  return (
    <div className="connections-select">
      <div className="control-row">
        <Select
          {...(wired ?? { "aria-label": t("connections.choose") })}
          {...((gone || broken) && {
            "aria-describedby": [wired?.["aria-describedby"], hint].filter(Boolean).join(" "),
          })}
          disabled={disabled || connections.data === undefined}
          empty={found.length === 0 ? t("connections.noneYet") : t("connections.choose")}
          options={[
            ...found.map((one) => ({
              value: one.id,
              label: one.isConnected ? one.name : t("connections.notConnectedName", one.name),
            })),
            ...(gone ? [{ value, label: t("connections.goneName") }] : []),
          ]}
          value={value}
          onChange={onChange}
        />
        <IconButton
          icon="plus"
          look="plain"
          disabled={disabled === true}
          label={t("connections.newOf", connector.data?.name ?? "")}
          onClick={() => setDialog("new")}
        />
      </div>
      {gone || broken ? (
        <p id={hint} className="connections-bad">
          {gone ? t("connections.goneText") : t("connections.brokenText")}{" "}
          {broken ? <Button onClick={() => setDialog("renew")}>{t("connections.reconnect")}</Button> : null}
        </p>
      ) : null}
      {dialog === null ? null : (
        <ConnectDialog
          connectorId={id ?? connectorId}
          {...(dialog === "renew" && { connectionId: value })}
          spaceId={spaceId}
          onClose={() => setDialog(null)}
          onDone={(made) => {
            setDialog(null);
            onChange(made);
          }}
        />
      )}
    </div>
  );
}

function of(connectorId: string) {
  return { filter: `connectorId eq "${connectorId}"`, sort: "name" as const, limit: 100 };
}
