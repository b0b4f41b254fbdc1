import { useMemo } from "react";
import { useLocale } from "../i18n";
import { utcDay } from "../settings/audit/days";
import { ButtonLink, Empty, Loading, Page, Problem } from "../ui";
import { everything, useAccounts, useFleet, useNewest, useOemQuery } from "./data";
import { FleetTable } from "./FleetTable";
import { byUrgency, countByHealth, HEALTHS, updatesPending } from "./health";

const LOOK_AT = new Set(["failing", "disconnected", "setup"]);

/** How all customers are: what fails first. */
export function Overview() {
  const { t, number } = useLocale();
  const accounts = useAccounts();
  const fleet = useFleet();
  const newest = useNewest();
  const month = `${utcDay().slice(0, 7)}-01`;
  const usage = useOemQuery(["usage", month, ""], (oem, signal) =>
    everything((page, per_page) => oem.getUsage({ page, per_page, from: month }, { signal })),
  );
  const counts = useMemo(() => countByHealth(fleet.rows), [fleet.rows]);
  const urgent = useMemo(
    () => byUrgency(fleet.rows).filter(({ health }) => LOOK_AT.has(health)),
    [fleet.rows],
  );
  const behind = useMemo(() => updatesPending(fleet.rows, newest), [fleet.rows, newest]);
  const sum = (of: "runs" | "api_calls") => (usage.data ?? []).reduce((total, one) => total + one[of], 0);
  const failure = [accounts, fleet.query, usage].find(({ isError }) => isError);
  const figures = [
    [t("admin.customers"), accounts.data?.length],
    [t("admin.integrations"), fleet.query.data?.length],
    [t("admin.updatesPending"), fleet.query.data && behind],
    [t("admin.runsThisMonth"), usage.data && sum("runs")],
    [t("admin.callsThisMonth"), usage.data && sum("api_calls")],
  ] as const;
  return (
    <Page title={t("admin.overview")} about={<p>{t("admin.overviewText")}</p>}>
      {failure === undefined ? null : (
        <Problem error={failure.error} onRetry={() => void failure.refetch()} />
      )}
      <ul className="admin-figures" aria-label={t("admin.figures")}>
        {figures.map(([label, value]) => (
          <li key={label} className="admin-figure">
            <strong>{value === undefined ? "–" : number(value)}</strong>
            <span>{label}</span>
          </li>
        ))}
      </ul>
      <section className="settings-section">
        <h2>{t("admin.byHealth")}</h2>
        <ul className="admin-figures" aria-label={t("admin.byHealth")}>
          {HEALTHS.map((health) => (
            <li key={health} className="admin-figure">
              <strong>{number(counts[health])}</strong>
              <span>{t(`admin.health.${health}`)}</span>
            </li>
          ))}
        </ul>
      </section>
      <section className="settings-section">
        <h2>{t("admin.lookAt")}</h2>
        {fleet.query.isPending ? <Loading /> : null}
        {fleet.query.isSuccess && urgent.length === 0 ? (
          <Empty
            title={fleet.rows.length === 0 ? t("admin.noIntegrations") : t("admin.allWell")}
            action={
              fleet.rows.length === 0 ? <ButtonLink to="/customers">{t("admin.customers")}</ButtonLink> : null
            }
          />
        ) : null}
        {urgent.length === 0 ? null : (
          <FleetTable caption={t("admin.lookAt")} rows={urgent} newest={newest} />
        )}
      </section>
    </Page>
  );
}
