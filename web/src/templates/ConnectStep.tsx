import type { ConnectorToConnect } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { ConnectDialog } from "../connections/ConnectDialog";
import { useHost } from "../embed/host";
import { useLocale } from "../i18n";
import { Badge, Button, Field, Logo, Problem, Select } from "../ui";
import { Footer, type StepProps } from "./Wizard";

type Opened = { readonly connectorId: string; readonly connectionId?: string };

/** The accounts that the integration works with: chosen, connected, renewed. */
export function ConnectStep({ detail, step, onBack, onNext }: StepProps) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const host = useHost();
  const [opened, setOpened] = useState<Opened | null>(null);
  const binding = useMutation({
    mutationFn: (connection: string) => api.v1.updateIntegration(detail.id, { connections: [connection] }),
    onSuccess: (changed) => cache.setQueryData(["integrations", detail.id], changed),
  });
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onNext();
        }}
      >
        <p>{t("templates.connectText")}</p>
        <ul className="templates-connectors">
          {(step.connectors ?? []).map((one) => (
            <Connector
              key={one.connectorGuid}
              one={one}
              busy={binding.isPending}
              onChoose={(id) => binding.mutate(id)}
              onOpen={setOpened}
            />
          ))}
        </ul>
        {binding.error === null ? null : <Problem error={binding.error} />}
        <Footer onBack={onBack} busy={binding.isPending} next={t("templates.next")} />
      </form>
      {/* Beside the form: what is sent within the dialog is not this step's. */}
      {opened === null ? null : (
        <ConnectDialog
          connectorId={opened.connectorId}
          connectionId={opened.connectionId}
          onClose={() => setOpened(null)}
          onDone={(connectionId) => {
            setOpened(null);
            host("connected", { connectionId });
            binding.mutate(connectionId);
          }}
        />
      )}
    </>
  );
}

type Props = {
  readonly one: ConnectorToConnect;
  readonly busy: boolean;
  readonly onChoose: (connection: string) => void;
  readonly onOpen: (opened: Opened) => void;
};

function Connector({ one, busy, onChoose, onOpen }: Props) {
  const { t } = useLocale();
  const { connectorId } = one;
  const bound = one.connections.find((each) => each.id === one.connection);
  return (
    <li className="templates-connector">
      <div className="templates-connector-head">
        <Logo name={one.name} />
        <h3>
          <bdi>{one.name}</bdi>
        </h3>
        <Badge tone={one.connected ? "good" : "warn"}>
          {t(one.connected ? "templates.connected" : "templates.notConnected")}
        </Badge>
      </div>
      {one.connections.length === 0 ? null : (
        <Field label={t("templates.account", one.name)}>
          {(wired) => (
            <Select
              {...wired}
              {...(one.connection === null && { empty: t("templates.chooseAccount") })}
              disabled={busy}
              value={one.connection ?? ""}
              options={one.connections.map((each) => ({
                value: each.id,
                label: each.isConnected ? each.name : t("templates.broken", each.name),
              }))}
              onChange={(id) => {
                if (id !== "") onChoose(id);
              }}
            />
          )}
        </Field>
      )}
      {connectorId === null ? (
        <p>{t("templates.missing", one.name)}</p>
      ) : (
        <div className="toolbar">
          {bound !== undefined && !bound.isConnected ? (
            <Button look="primary" onClick={() => onOpen({ connectorId, connectionId: bound.id })}>
              {t("templates.reconnect", one.name)}
            </Button>
          ) : null}
          <Button
            look={one.connections.length === 0 ? "primary" : "plain"}
            icon="plug"
            onClick={() => onOpen({ connectorId })}
          >
            {one.connections.length === 0 ? t("templates.connect", one.name) : t("templates.other")}
          </Button>
        </div>
      )}
    </li>
  );
}
