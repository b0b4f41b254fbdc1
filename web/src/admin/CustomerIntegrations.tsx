import type { Account, Blend } from "@client";
import { useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, Empty, Loading, Problem, Table, Time } from "../ui";
import { everything, useFleet, useNewest, useOemQuery } from "./data";
import { VersionOf } from "./FleetTable";
import type { Installed } from "./health";
import { InstallDialog } from "./InstallDialog";
import { IntegrationMenu } from "./IntegrationMenu";
import { Cut, HealthBadge } from "./Shown";

/** What a customer has installed. */
export function CustomerIntegrations({ account }: { readonly account: Account }) {
  const { t } = useLocale();
  const [installing, setInstalling] = useState(false);
  const newest = useNewest();
  const fleet = useFleet();
  const blends = useOemQuery<Blend[]>(["account", account.guid, "blends"], (oem, signal) =>
    everything((page, per_page) => oem.listBlends(account.guid, { page, per_page }, { signal })),
  );
  const health = new Map(
    fleet.rows.filter((one) => one.account.guid === account.guid).map((one) => [one.guid, one]),
  );
  const rows = blends.data ?? [];
  const known = (blend: Blend): Installed | undefined => health.get(blend.guid);
  return (
    <section className="settings-section">
      <div className="settings-head">
        <h2>{t("admin.integrations")}</h2>
        <Button icon="plus" onClick={() => setInstalling(true)}>
          {t("admin.install")}
        </Button>
      </div>
      {blends.isPending ? <Loading /> : null}
      {blends.isError ? <Problem error={blends.error} onRetry={() => void blends.refetch()} /> : null}
      {blends.isSuccess && rows.length === 0 ? <Empty title={t("admin.noIntegrations")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("admin.integrations")}
          rows={rows}
          keyOf={(blend) => blend.guid}
          columns={[
            { id: "name", label: t("settings.name"), cell: (blend) => <bdi>{blend.name}</bdi> },
            {
              id: "health",
              label: t("admin.health"),
              cell: (blend) => {
                const one = known(blend);
                if (one !== undefined) return <HealthBadge health={one.health} />;
                return blend.setup_complete ? "–" : <Badge tone="warn">{t("admin.health.setup")}</Badge>;
              },
            },
            {
              id: "version",
              label: t("admin.version"),
              cell: (blend) => {
                const one = known(blend);
                return one === undefined ? "–" : <VersionOf one={one} newest={newest} />;
              },
            },
            {
              id: "error",
              label: t("admin.lastError"),
              wide: true,
              cell: (blend) => {
                const error = known(blend)?.lastRun?.error;
                return error ? <Cut text={error} /> : "–";
              },
            },
            { id: "run", label: t("admin.lastRun"), cell: (blend) => <Time at={blend.last_run_at} /> },
            {
              id: "do",
              label: t("action.more"),
              quiet: true,
              cell: (blend) => (
                <IntegrationMenu
                  account={account.guid}
                  blend={blend}
                  pinned={known(blend)?.pinned ?? null}
                  version={known(blend)?.version ?? 1}
                />
              ),
            },
          ]}
        />
      )}
      {installing ? <InstallDialog accounts={[account]} onClose={() => setInstalling(false)} /> : null}
    </section>
  );
}
