import { type ReactNode, useEffect, useState } from "react";
import { useLocale } from "../i18n";
import { Button, Field, Search, Select } from "../ui";
import { type Filters, RANGES, STATUSES, withFilters } from "./filters";

type Props = {
  readonly filters: Filters;
  readonly query: URLSearchParams;
  readonly setQuery: (query: URLSearchParams, options?: { replace?: boolean }) => void;
  /** Filters that only some lists have. */
  readonly children?: ReactNode;
};

const WAIT = 300;

/** The filters of a list of runs, kept in the address. */
export function FiltersBar({ filters, query, setQuery, children }: Props) {
  const { t } = useLocale();
  const kept = filters.title;
  const [typed, setTyped] = useState(kept);
  useEffect(() => setTyped(kept), [kept]);
  useEffect(() => {
    if (typed === kept) return;
    const timer = setTimeout(() => setQuery(withFilters(query, { title: typed }), { replace: true }), WAIT);
    return () => clearTimeout(timer);
  }, [typed, kept, query, setQuery]);
  const set = (changed: Parameters<typeof withFilters>[1]) => setQuery(withFilters(query, changed));
  const narrowed =
    filters.status !== "" ||
    kept !== "" ||
    filters.automation !== "" ||
    filters.error !== "" ||
    filters.tests !== "" ||
    query.has("range") ||
    filters.range === "own";
  return (
    <search className="runs-filters">
      <Field label={t("runs.state")}>
        {(wired) => (
          <Select
            {...wired}
            value={filters.status}
            onChange={(status) => set({ status })}
            empty={t("runs.anyState")}
            options={STATUSES.map((status) => ({ value: status, label: t(STATUS_WORDS[status]) }))}
          />
        )}
      </Field>
      {children}
      <Field label={t("runs.range")}>
        {(wired) => (
          <Select
            {...wired}
            value={filters.range}
            onChange={(range) =>
              set(
                range === "own"
                  ? { range: "", from: new Date(Date.now() - 86_400_000).toISOString() }
                  : { range },
              )
            }
            options={RANGES.map((range) => ({ value: range, label: t(`runs.range.${range}`) }))}
          />
        )}
      </Field>
      {filters.range === "own" ? (
        <>
          <Moment label={t("runs.from")} value={filters.from} onChange={(from) => set({ from })} />
          <Moment label={t("runs.to")} value={filters.to} onChange={(to) => set({ to })} />
        </>
      ) : null}
      <div className="runs-search">
        <Search label={t("runs.searchTitle")} value={typed} onChange={setTyped} />
      </div>
      {narrowed ? (
        <Button look="bare" icon="close" onClick={() => setQuery(new URLSearchParams())}>
          {t("runs.clearFilters")}
        </Button>
      ) : null}
    </search>
  );
}

const STATUS_WORDS = {
  running: "runs.status.running",
  waiting: "runs.status.waiting",
  finished: "runs.status.finished",
  "finished with warnings": "runs.status.warnings",
  failed: "runs.status.failed",
  stopped: "runs.status.stopped",
  "exceeded limit": "runs.status.limit",
} as const;

type MomentProps = {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

function Moment({ label, value, onChange }: MomentProps) {
  return (
    <Field label={label}>
      {(wired) => (
        <input
          {...wired}
          className="control"
          type="datetime-local"
          value={local(value)}
          onChange={(event) => {
            const chosen = new Date(event.target.value);
            onChange(Number.isNaN(chosen.getTime()) ? "" : chosen.toISOString());
          }}
        />
      )}
    </Field>
  );
}

/** As the control wants it: this place's time, without its zone. */
export function local(moment: string): string {
  if (moment === "") return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
