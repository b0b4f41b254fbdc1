import type { Oem, Results } from "@client";
import { useState } from "react";
import type { Key } from "../i18n";
import { useLocale } from "../i18n";
import { Button, Checkbox, Empty, Loading, Problem, Search, Select } from "../ui";
import { BulkDialog } from "./BulkDialog";
import { useFleet, useNewest } from "./data";
import { FleetTable } from "./FleetTable";
import { byUrgency, HEALTHS } from "./health";

type Picked = { readonly account: string; readonly accountName: string; readonly blend: string };
type Doing = "enable" | "disable" | "update" | "follow" | "remove";

const DOINGS: readonly { readonly id: Doing; readonly label: Key; readonly text: Key }[] = [
  { id: "enable", label: "admin.enable", text: "admin.enableMany" },
  { id: "disable", label: "admin.disable", text: "admin.disableMany" },
  { id: "update", label: "admin.update", text: "admin.updateMany" },
  { id: "follow", label: "admin.unpin", text: "admin.followMany" },
  { id: "remove", label: "admin.remove", text: "admin.removeMany" },
];

function done(doing: Doing, oem: Oem, some: readonly Picked[], signal: AbortSignal): Promise<Results> {
  const items = some.map(({ account, blend }) => ({ account, blend }));
  const options = { signal };
  if (doing === "enable") return oem.bulkEnable({ items }, {}, options);
  if (doing === "disable") return oem.bulkDisable({ items }, {}, options);
  if (doing === "remove") return oem.bulkRemove({ items }, {}, options);
  return oem.bulkUpdate(doing === "update" ? { items } : { items, pinned_version: null }, {}, options);
}

/** The integrations that were made of a template, and what can be done with many of them at once. */
export function TemplateFleet({ template }: { readonly template: string }) {
  const { t } = useLocale();
  const newest = useNewest();
  const fleet = useFleet(template);
  const [wanted, setWanted] = useState("");
  const [health, setHealth] = useState("");
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [doing, setDoing] = useState<(typeof DOINGS)[number] | null>(null);
  const text = wanted.trim().toLowerCase();
  const rows = byUrgency(fleet.rows).filter(
    (one) =>
      `${one.account.name}\n${one.account.externalId}`.toLowerCase().includes(text) &&
      (health === "" || one.health === health),
  );
  const tick = (guid: string, on: boolean) => {
    const next = new Set(ticked);
    if (on) next.add(guid);
    else next.delete(guid);
    setTicked(next);
  };
  const picked: readonly Picked[] = fleet.rows
    .filter(({ guid }) => ticked.has(guid))
    .map(({ guid, account }) => ({ account: account.guid, accountName: account.name, blend: guid }));
  return (
    <section className="settings-section">
      <h2>{t("admin.integrations")}</h2>
      <div className="settings-row">
        <Search label={t("admin.customerFind")} value={wanted} onChange={setWanted} />
        <Select
          aria-label={t("admin.health")}
          value={health}
          onChange={setHealth}
          empty={t("admin.anyHealth")}
          options={HEALTHS.map((value) => ({ value, label: t(`admin.health.${value}`) }))}
        />
        <Checkbox
          label={t("admin.pickFound", rows.length)}
          checked={rows.length > 0 && rows.every(({ guid }) => ticked.has(guid))}
          onChange={(on) => setTicked(on ? new Set(rows.map(({ guid }) => guid)) : new Set())}
        />
      </div>
      <div className="settings-row" role="group" aria-label={t("admin.withChosen", picked.length)}>
        <span role="status">{t("admin.withChosen", picked.length)}</span>
        {DOINGS.map((one) => (
          <Button
            key={one.id}
            look={one.id === "remove" ? "danger" : "plain"}
            disabled={picked.length === 0}
            onClick={() => setDoing(one)}
          >
            {t(one.label as "admin.enable")}
          </Button>
        ))}
      </div>
      {fleet.query.isPending ? <Loading /> : null}
      {fleet.query.isError ? (
        <Problem error={fleet.query.error} onRetry={() => void fleet.query.refetch()} />
      ) : null}
      {fleet.query.isSuccess && rows.length === 0 ? (
        <Empty title={fleet.rows.length === 0 ? t("admin.noIntegrations") : t("state.noMatch")} />
      ) : null}
      {rows.length === 0 ? null : (
        <FleetTable
          caption={t("admin.integrations")}
          rows={rows}
          newest={newest}
          ticked={ticked}
          onTick={tick}
          withTemplate={false}
        />
      )}
      {doing === null ? null : (
        <BulkDialog
          title={t(doing.label as "admin.enable")}
          action={t(doing.label as "admin.enable")}
          danger={doing.id === "remove"}
          text={<p>{t(doing.text as "admin.enableMany")}</p>}
          items={picked}
          call={(oem, some, signal) => done(doing.id, oem, some, signal)}
          onClose={() => setDoing(null)}
        />
      )}
    </section>
  );
}
