import type { UsageItem } from "@client";
import { useMemo, useState } from "react";
import { Bars } from "../charts/Bars";
import { useLocale } from "../i18n";
import { Button, Empty, Field, Loading, Page, Problem, Search, Select, Table } from "../ui";
import { downloadCsv } from "./csv";
import { everything, useOemQuery } from "./data";
import { lastMonths, monthRange } from "./months";
import { useCut } from "./Shown";

const FIGURES = ["runs", "seconds", "api_calls", "received", "sent"] as const;
const CHARTED = 12;

/** What each customer used in a month. */
export function Usage() {
  const { t, number, language } = useLocale();
  const months = useMemo(() => lastMonths(12), []);
  const [month, setMonth] = useState(months[0] ?? "");
  const [wanted, setWanted] = useState("");
  const range = monthRange(month);
  const query = useOemQuery<UsageItem[]>(["usage", range.from, range.to], (oem, signal) =>
    everything((page, per_page) => oem.getUsage({ page, per_page, ...range }, { signal })),
  );
  const rows = useMemo(() => {
    const text = wanted.trim().toLowerCase();
    const fits = ({ account }: UsageItem) =>
      `${account["name"]}\n${account["externalid"]}`.toLowerCase().includes(text);
    return (query.data ?? []).filter(fits).sort((one, other) => other.runs - one.runs);
  }, [query.data, wanted]);
  const { shown, more } = useCut(rows);
  const names = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" });
  const bytes = new Intl.NumberFormat(language, {
    style: "unit",
    unit: "megabyte",
    maximumFractionDigits: 1,
  });
  const save = () => {
    const head = ["customer", "external_id", "guid", "integrations", ...FIGURES];
    const cells = rows.map((row) => [
      row.account["name"] ?? "",
      row.account["externalid"] ?? "",
      row.account["guid"] ?? "",
      row.integrations,
      ...FIGURES.map((name) => row[name]),
    ]);
    downloadCsv(`usage-${month}.csv`, [head, ...cells]);
  };
  const points = rows.slice(0, CHARTED).map((row) => {
    const name = row.account["name"] ?? "";
    return { label: name, short: name.length > 12 ? `${name.slice(0, 11)}…` : name, values: [row.runs] };
  });
  return (
    <Page
      title={t("admin.usage")}
      about={<p>{t("admin.usageText")}</p>}
      actions={
        <Button icon="download" disabled={!query.isSuccess} onClick={save}>
          {t("admin.csv")}
        </Button>
      }
    >
      <div className="settings-row">
        <Field label={t("admin.month")}>
          {(wired) => (
            <Select
              {...wired}
              value={month}
              onChange={setMonth}
              options={months.map((value) => ({ value, label: names.format(new Date(`${value}-01`)) }))}
            />
          )}
        </Field>
        <Search label={t("admin.customerFind")} value={wanted} onChange={setWanted} />
      </div>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("state.noMatch")} /> : null}
      {rows.length === 0 ? null : (
        <>
          <Bars
            title={t("admin.mostRuns")}
            description={t("admin.mostRunsText")}
            series={[{ id: "runs", label: t("admin.runs"), look: "brand" }]}
            points={points}
          />
          <Table
            caption={t("admin.usage")}
            rows={shown}
            keyOf={(row) => row.account["guid"] ?? ""}
            to={(row) => `/customers/${row.account["guid"]}`}
            columns={[
              {
                id: "name",
                label: t("admin.customer"),
                wide: true,
                cell: (row) => <bdi>{row.account["name"]}</bdi>,
              },
              {
                id: "count",
                label: t("admin.integrations"),
                align: "end",
                cell: (row) => number(row.integrations),
              },
              { id: "runs", label: t("admin.runs"), align: "end", cell: (row) => number(row.runs) },
              {
                id: "time",
                label: t("admin.seconds"),
                align: "end",
                cell: (row) => number(Math.round(row.seconds)),
              },
              { id: "calls", label: t("admin.calls"), align: "end", cell: (row) => number(row.api_calls) },
              {
                id: "data",
                label: t("admin.data"),
                align: "end",
                cell: (row) => bytes.format((row.received + row.sent) / 1_000_000),
              },
            ]}
          />
        </>
      )}
      {more}
    </Page>
  );
}
