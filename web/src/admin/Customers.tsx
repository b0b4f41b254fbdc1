import type { Account } from "@client";
import { useMemo, useState } from "react";
import { useLocale } from "../i18n";
import { Button, Checkbox, Empty, Loading, Page, Problem, Search, Select, Table, Time } from "../ui";
import { CustomerForm } from "./CustomerForm";
import { useAccounts, useFleet } from "./data";
import { grouped, HEALTHS, type Health, type Installed, worst } from "./health";
import { InstallDialog } from "./InstallDialog";
import { HealthBadge, useCut } from "./Shown";
import { Suspended } from "./Suspended";

type Row = Account & {
  readonly integrations: readonly Installed[];
  readonly worst: Health | null;
  readonly last: string;
};

/** All customers, with how they are. */
export function Customers() {
  const { t, number } = useLocale();
  const accounts = useAccounts();
  const fleet = useFleet();
  const [wanted, setWanted] = useState("");
  const [health, setHealth] = useState("");
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<"new" | "install" | null>(null);
  const rows = useMemo(() => rowsOf(accounts.data ?? [], fleet.rows), [accounts.data, fleet.rows]);
  const found = useMemo(() => {
    const text = wanted.trim().toLowerCase();
    const fits = (row: Row) => `${row.name}\n${row.externalid}\n${row.guid}`.toLowerCase().includes(text);
    return rows.filter((row) => fits(row) && (health === "" || (row.worst ?? "none") === health));
  }, [rows, wanted, health]);
  const { shown, more } = useCut(found);
  const tick = (guid: string, on: boolean) => {
    const next = new Set(ticked);
    if (on) next.add(guid);
    else next.delete(guid);
    setTicked(next);
  };
  const chosen = rows.filter((row) => ticked.has(row.guid));
  return (
    <Page
      title={t("admin.customers")}
      actions={
        <>
          <Button icon="plus" disabled={ticked.size === 0} onClick={() => setOpen("install")}>
            {t("admin.installFor", ticked.size)}
          </Button>
          <Button look="primary" icon="plus" onClick={() => setOpen("new")}>
            {t("admin.customerNew")}
          </Button>
        </>
      }
    >
      <div className="settings-row">
        <Search label={t("admin.customerFind")} value={wanted} onChange={setWanted} />
        <Select
          aria-label={t("admin.health")}
          value={health}
          onChange={setHealth}
          empty={t("admin.anyHealth")}
          options={[
            ...HEALTHS.map((value) => ({ value, label: t(`admin.health.${value}`) })),
            { value: "none", label: t("admin.noIntegration") },
          ]}
        />
        <Checkbox
          label={t("admin.pickFound", found.length)}
          checked={found.length > 0 && found.every((row) => ticked.has(row.guid))}
          onChange={(on) => setTicked(on ? new Set(found.map((row) => row.guid)) : new Set())}
        />
      </div>
      {accounts.isPending ? <Loading /> : null}
      {accounts.isError ? <Problem error={accounts.error} onRetry={() => void accounts.refetch()} /> : null}
      {fleet.query.isError ? (
        <Problem error={fleet.query.error} onRetry={() => void fleet.query.refetch()} />
      ) : null}
      <p className="settings-live" role="status">
        {accounts.isSuccess ? t("admin.customersFound", found.length, rows.length) : ""}
      </p>
      {accounts.isSuccess && found.length === 0 ? (
        <Empty title={rows.length === 0 ? t("admin.customersNone") : t("state.noMatch")} />
      ) : null}
      {found.length === 0 ? null : (
        <Table
          caption={t("admin.customers")}
          rows={shown}
          keyOf={(row) => row.guid}
          to={(row) => `/customers/${row.guid}`}
          columns={[
            { id: "name", label: t("admin.customer"), wide: true, cell: (row) => <bdi>{row.name}</bdi> },
            {
              id: "external",
              label: t("admin.externalId"),
              cell: (row) => <bdi className="settings-muted">{row.externalid}</bdi>,
            },
            {
              id: "count",
              label: t("admin.integrations"),
              align: "end",
              cell: (row) => number(row.integrations.length),
            },
            {
              id: "health",
              label: t("admin.health"),
              cell: (row) => (row.worst === null ? "–" : <HealthBadge health={row.worst} />),
            },
            { id: "last", label: t("admin.lastActivity"), cell: (row) => <Time at={row.last} /> },
            {
              id: "pick",
              label: t("admin.choose"),
              quiet: true,
              cell: (row) => (
                <Checkbox
                  label={<span className="visually-hidden">{t("admin.pick", row.name)}</span>}
                  checked={ticked.has(row.guid)}
                  onChange={(on) => tick(row.guid, on)}
                />
              ),
            },
          ]}
        />
      )}
      {more}
      <Suspended />
      {open === "new" ? <CustomerForm onClose={() => setOpen(null)} /> : null}
      {open === "install" ? <InstallDialog accounts={chosen} onClose={() => setOpen(null)} /> : null}
    </Page>
  );
}

function rowsOf(accounts: readonly Account[], fleet: readonly Installed[]): readonly Row[] {
  const byAccount = grouped(fleet, (one) => one.account.guid);
  return accounts.map((account) => {
    const integrations = byAccount.get(account.guid) ?? [];
    const times = integrations.map(({ lastRun }) => lastRun?.stoppedAt ?? "");
    const last = times.sort().at(-1) ?? "";
    return { ...account, integrations, worst: worst(integrations), last };
  });
}
