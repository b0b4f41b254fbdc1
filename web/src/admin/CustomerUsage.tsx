import type { UsageDay } from "@client";
import { useMemo, useState } from "react";
import { Bars } from "../charts/Bars";
import { useLocale } from "../i18n";
import { utcDay } from "../settings/audit/days";
import { Button, Field, Loading, Problem, Select } from "../ui";
import { downloadCsv } from "./csv";
import { everything, useOemQuery } from "./data";

/** What a customer did, day by day. */
export function CustomerUsage({ account }: { readonly account: string }) {
  const { t, language } = useLocale();
  const [days, setDays] = useState("30");
  const [from, to] = [utcDay(Number(days) - 1), utcDay()];
  const query = useOemQuery<UsageDay[]>(["account", account, "usage", from], (oem, signal) =>
    everything((page, per_page) => oem.getAccountUsage(account, { page, per_page, from, to }, { signal })),
  );
  const points = useMemo(() => {
    const byDay = new Map((query.data ?? []).map((one) => [one.day, one]));
    const format = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
    return Array.from({ length: Number(days) }, (_, index) => {
      const day = utcDay(Number(days) - 1 - index);
      const { runs = 0 } = byDay.get(day) ?? {};
      const short = format.format(new Date(day));
      return { label: short, short, values: [runs] };
    });
  }, [query.data, days, language]);
  const save = () => {
    const rows = (query.data ?? []).map((one) => [
      one.day,
      one.runs,
      one.seconds,
      one.api_calls,
      one.received,
      one.sent,
    ]);
    downloadCsv(`usage-${from}.csv`, [["day", "runs", "seconds", "api_calls", "received", "sent"], ...rows]);
  };
  return (
    <section className="settings-section">
      <div className="settings-row">
        <Field label={t("admin.period")}>
          {(wired) => (
            <Select
              {...wired}
              value={days}
              onChange={setDays}
              options={["7", "30", "90"].map((value) => ({
                value,
                label: t("settings.lastDays", Number(value)),
              }))}
            />
          )}
        </Field>
        <Button icon="download" disabled={!query.isSuccess} onClick={save}>
          {t("admin.csv")}
        </Button>
      </div>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess ? (
        <Bars
          title={t("admin.runsPerDay")}
          description={t("admin.runsPerDayText")}
          series={[{ id: "runs", label: t("admin.runs"), look: "brand" }]}
          points={points}
        />
      ) : null}
    </section>
  );
}
