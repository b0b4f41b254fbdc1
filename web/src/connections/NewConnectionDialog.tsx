import type { ConnectorItem } from "@client";
import { useState } from "react";
import { useLocale } from "../i18n";
import { Button, ButtonLink, Dialog, Empty, Logo, Search } from "../ui";
import { ConnectDialog } from "./ConnectDialog";

type Props = {
  readonly connectors: readonly ConnectorItem[];
  readonly onDone: (connectionId: string) => void;
  readonly onClose: () => void;
};

/** Which connector first, then how to sign in. */
export function NewConnectionDialog({ connectors, onDone, onClose }: Props) {
  const { t } = useLocale();
  const [sought, setSought] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  if (chosen !== null) return <ConnectDialog connectorId={chosen} onDone={onDone} onClose={onClose} />;
  const wanted = sought.trim().toLowerCase();
  const shown = connectors.filter((one) => `${one.name} ${one.slug}`.toLowerCase().includes(wanted));
  return (
    <Dialog title={t("connections.which")} onClose={onClose}>
      {connectors.length === 0 ? (
        <Empty
          title={t("connections.noConnectors")}
          text={t("connections.noConnectorsText")}
          action={<ButtonLink to="~/studio/connectors">{t("nav.connectors")}</ButtonLink>}
        />
      ) : (
        <>
          <Search value={sought} onChange={setSought} label={t("connections.searchConnector")} />
          {shown.length === 0 ? <p role="status">{t("state.noMatch")}</p> : null}
          <ul className="connections-pick">
            {shown.map((one) => (
              <li key={one.id}>
                <Button look="bare" onClick={() => setChosen(one.id)}>
                  <Logo name={one.name} src={one.logoSmall} size={24} />
                  <bdi>{one.name}</bdi>
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}
