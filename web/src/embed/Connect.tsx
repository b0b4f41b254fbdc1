import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { ConnectDialog } from "../connections/ConnectDialog";
import { listed } from "../connections/listed";
import { useLocale } from "../i18n";
import { Badge, Button, Empty, Loading, Logo, Page, Problem, Search, useToast } from "../ui";
import { useHost } from "./host";

const MANY = 8;

type Opened = { readonly id: string; readonly name: string };

/** What a customer connects without a template: all connectors of the account, or the one that the host names. */
export default function Connect({ connector }: { readonly connector: string | null }) {
  const { t } = useLocale();
  const api = useApi();
  const host = useHost();
  const toast = useToast();
  const [opened, setOpened] = useState<Opened | null>(null);
  const [wanted, setWanted] = useState("");
  const connectors = useQuery({
    queryKey: ["connectors", "to-connect", connector],
    queryFn: async ({ signal }): Promise<Opened[]> =>
      connector === null
        ? listed(api.workflows.allAutomationConnectors({ limit: 100, sort: "name" }, { signal }))
        : [await api.workflows.getAutomationConnector(connector, { signal })],
  });
  const connections = useQuery({
    queryKey: ["connections", "to-connect"],
    queryFn: ({ signal }) => listed(api.workflows.allAutomationConnections({ limit: 100 }, { signal })),
  });
  const failed = connectors.error ?? connections.error;
  const found = (connectors.data ?? []).filter(({ name }) =>
    name.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  return (
    <Page title={t("embed.connect")} about={<p className="muted">{t("embed.connectText")}</p>}>
      {failed ? (
        <Problem
          error={failed}
          onRetry={() => void Promise.all([connectors.refetch(), connections.refetch()])}
        />
      ) : connectors.isPending || connections.isPending ? (
        <Loading />
      ) : connectors.data?.length === 0 ? (
        <Empty title={t("embed.noConnectors")} />
      ) : (
        <>
          {(connectors.data ?? []).length > MANY ? (
            <div className="toolbar">
              <Search label={t("field.search")} value={wanted} onChange={setWanted} />
            </div>
          ) : null}
          <ul className="embed-connectors">
            {found.map((one) => {
              const own = (connections.data ?? []).filter(
                (each) => each.connectorId === one.id && each.isConnected,
              );
              return (
                <li key={one.id}>
                  <Logo name={one.name} />
                  <bdi>{one.name}</bdi>
                  {own.length === 0 ? null : <Badge tone="good">{t("embed.connected", own.length)}</Badge>}
                  <Button
                    icon="plug"
                    aria-label={t("embed.connectTo", one.name)}
                    onClick={() => setOpened(one)}
                  >
                    {t("embed.connectTo", one.name)}
                  </Button>
                </li>
              );
            })}
          </ul>
        </>
      )}
      {opened === null ? null : (
        <ConnectDialog
          connectorId={opened.id}
          onClose={() => setOpened(null)}
          onDone={(connectionId) => {
            host("connected", { connectionId });
            toast.say(t("embed.done", opened.name));
            setOpened(null);
          }}
        />
      )}
    </Page>
  );
}
