import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { useApi } from "../api";
import { asManifest } from "../connectors/manifest";
import { useLocale } from "../i18n";
import { Button, Dialog, Loading, Problem } from "../ui";
import { ConnectForm } from "./ConnectForm";
import { SignInWindow } from "./SignInWindow";
import { useConnecting } from "./useConnecting";
import { useConnectSession } from "./useConnectSession";
import "./connections.css";

type Props = {
  readonly connectorId: string;
  /** A connection to renew in place: what uses it goes on as it is. */
  readonly connectionId?: string | undefined;
  /** The space that a new connection is made in; the personal one without. */
  readonly spaceId?: string | undefined;
  readonly onDone: (connectionId: string) => void;
  readonly onClose: () => void;
};

/** Connects an account, by whatever way to sign in the connector offers. */
export function ConnectDialog({ connectorId, connectionId, spaceId, onDone, onClose }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const form = useId();
  const connector = useQuery({
    queryKey: ["connectors", connectorId],
    queryFn: ({ signal }) => api.workflows.getAutomationConnector(connectorId, { signal }),
  });
  const manifest = useQuery({
    queryKey: ["connectors", connectorId, "manifest"],
    queryFn: async ({ signal }) =>
      asManifest(await api.workflows.getConnectorManifest(connectorId, { signal })),
  });
  const before = useQuery({
    queryKey: ["connections", connectionId ?? ""],
    queryFn: ({ signal }) => api.workflows.getAutomationConnection(connectionId ?? "", { signal }),
    enabled: connectionId !== undefined,
  });
  const title = connector.data?.name ?? "";
  const session = useConnectSession(t("connections.opening"));
  const { flow } = session;
  const done = (id: string) => {
    void cache.invalidateQueries({ queryKey: ["connections"] });
    void cache.invalidateQueries({ queryKey: ["notices"] });
    onDone(id);
  };
  const connecting = useConnecting({ connectorId, connectionId, spaceId, onDone: done });
  const connected = flow.at === "connected" ? flow.connection : null;
  const [told, setTold] = useState<string | null>(null);
  useEffect(() => {
    if (connected !== null && told !== connected) {
      setTold(connected);
      done(connected);
    }
  });
  const close = () => {
    session.cancel();
    connecting.leave();
    onClose();
  };
  const failed = connector.error ?? manifest.error ?? before.error;
  const ready = connector.data && manifest.data && (connectionId === undefined || before.data);
  const [elsewhere, setElsewhere] = useState(false);
  return (
    <Dialog
      title={
        connectionId === undefined ? t("connections.connectTo", title) : t("connections.reconnectTo", title)
      }
      onClose={close}
      actions={
        <>
          {connecting.unproven !== null && flow.at === "form" ? (
            <Button onClick={connecting.keep}>{t("connections.keepAnyway")}</Button>
          ) : null}
          <Button onClick={close}>{t("action.cancel")}</Button>
          {flow.at === "form" && ready ? (
            <Button look="primary" type="submit" form={form} busy={connecting.busy}>
              {elsewhere ? t("connections.continueAt", title) : t("connections.connect")}
            </Button>
          ) : null}
        </>
      }
    >
      {failed ? (
        <Problem error={failed} />
      ) : !ready ? (
        <Loading />
      ) : flow.at !== "form" ? (
        <SignInWindow
          flow={flow}
          title={title}
          onOpenAgain={session.openAgain}
          onStartOver={session.cancel}
        />
      ) : (
        <ConnectForm
          id={form}
          manifest={manifest.data}
          title={title}
          before={before.data}
          error={connecting.error}
          refused={connecting.unproven}
          onElsewhere={setElsewhere}
          onSubmit={(entered) => {
            if (connecting.busy) return;
            if (!entered.choice?.elsewhere) return connecting.connect(entered);
            session.begin({
              ...(connectionId === undefined
                ? { connectorId, name: entered.name, ...(spaceId && { spaceId }) }
                : { connectionId }),
              authMethod: entered.choice.id,
              params: { ...entered.answers },
              ...(entered.server && { server: entered.server }),
            });
          }}
        />
      )}
    </Dialog>
  );
}
