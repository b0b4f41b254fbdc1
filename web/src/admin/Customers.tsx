import type { Account } from "@client";
import { useMemo, useState } from "react";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  Checkbox,
  Empty,
  Loading,
  More,
  Page,
  Problem,
  Search,
  Select,
  Table,
  Time,
  useDebounced,
} from "../ui";
import { CustomerForm } from "./CustomerForm";
import { type Standing, useFleet, useFoundAccounts } from "./data";
import { grouped, HEALTHS, type Health, type Installed, worst } from "./health";
import { InstallDialog } from "./InstallDialog";
import { HealthBadge } from "./Shown";

type Row = Account & {
  readonly integrations: readonly Installed[];
  readonly worst: Health | null;
  readonly last: string;
};

const STANDINGS = ["active", "disabled", "all"] as const;

/** All customers, with how they are. */
export function Customers() {
  const { t, number } = useLocale();
  const fleet = useFleet();
  const [wanted, setWanted] = useState("");
  const [standing, setStanding] = useState<Standing>("active");
  const [health, setHealth] = useState("");
  const [ticked, setTicked] = useState<ReadonlyMap<string, Account>>(new Map());
  const [open, setOpen] = useState<"new" | "install" | null>(null);
  const search = useDebounced(wanted.trim());
  const { query: accounts, rows: accountRows, total } = useFoundAccounts(search, standing, health !== "");
  const rows = useMemo(() => rowsOf(accountRows, fleet.rows), [accountRows, fleet.rows]);
  const found = useMemo(
    () => rows.filter((row) => health === "" || (row.worst ?? "none") === health),
    [rows, health],
  );
  const choosable = found.filter(({ status }) => status === "active");
  const tick = (some: readonly Account[], on: boolean) => {
    const next = new Map(ticked);
    for (const one of some) {
      if (on) next.set(one.guid, one);
      else next.delete(one.guid);
    }
    setTicked(next);
  };
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
          aria-label={t("admin.standing")}
          value={standing}
          onChange={(value) => setStanding(value as Standing)}
          options={STANDINGS.map((value) => ({ value, label: t(`admin.standing.${value}`) }))}
        />
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
          label={t("admin.pickFound", choosable.length)}
          checked={choosable.length > 0 && choosable.every((row) => ticked.has(row.guid))}
          onChange={(on) => (on ? tick(choosable, true) : setTicked(new Map()))}
        />
      </div>
      {accounts.isPending ? <Loading /> : null}
      {accounts.isError ? <Problem error={accounts.error} onRetry={() => void accounts.refetch()} /> : null}
      {fleet.query.isError ? (
        <Problem error={fleet.query.error} onRetry={() => void fleet.query.refetch()} />
      ) : null}
      <p className="settings-live" role="status">
        {accounts.isSuccess ? t("admin.customersFound", found.length, total) : ""}
      </p>
      {accounts.isSuccess && found.length === 0 ? (
        <Empty
          title={
            total === 0 && search === "" && standing !== "disabled"
              ? t("admin.customersNone")
              : t("state.noMatch")
          }
        />
      ) : null}
      {found.length === 0 ? null : (
        <Table
          caption={t("admin.customers")}
          rows={found}
          keyOf={(row) => row.guid}
          to={(row) => `/customers/${row.guid}`}
          columns={[
            { id: "name", label: t("admin.customer"), wide: true, cell: (row) => <Named row={row} /> },
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
                  disabled={row.status !== "active"}
                  checked={ticked.has(row.guid)}
                  onChange={(on) => tick([row], on)}
                />
              ),
            },
          ]}
        />
      )}
      <More query={accounts} />
      {open === "new" ? <CustomerForm onClose={() => setOpen(null)} /> : null}
      {open === "install" ? (
        <InstallDialog accounts={[...ticked.values()]} onClose={() => setOpen(null)} />
      ) : null}
    </Page>
  );
}

function Named({ row }: { readonly row: Row }) {
  const { t } = useLocale();
  return (
    <>
      <bdi>{row.name}</bdi>
      {row.status === "active" ? null : (
        <>
          {" "}
          <Badge tone="warn">{t("admin.suspendedOne")}</Badge>
        </>
      )}
    </>
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
