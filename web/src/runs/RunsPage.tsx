import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Combobox, Empty, Field, Loading, More, Page, Problem, Select, useDebounced } from "../ui";
import { runsOfAccount } from "./account";
import { FiltersBar } from "./FiltersBar";
import { filtersOf, withFilters } from "./filters";
import { isOver } from "./liveStore";
import { usePaths } from "./paths";
import { RunTable } from "./RunTable";
import { Statistics, useFigures } from "./Statistics";
import "./runs.css";
import "./list.css";

const AGAIN = 5000;

/** All runs that one may see, and how they went over time. */
export function RunsPage() {
  const { t, number } = useLocale();
  const api = useApi();
  const [query] = useSearchParams();
  const [, navigate] = useLocation();
  const { runs: here } = usePaths();
  // Written as a whole: the router would put a slash behind the name of the place.
  const setQuery = useCallback(
    (next: URLSearchParams, options?: { replace?: boolean }) =>
      navigate(next.size === 0 ? here : `${here}?${next}`, options),
    [navigate, here],
  );
  const filters = filtersOf(query);
  const runs = useInfiniteQuery({
    queryKey: ["runs", "list", filters],
    queryFn: ({ signal, pageParam }) => runsOfAccount(api.workflows, filters, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) =>
      (state.data?.pages.length ?? 0) <= 3 &&
      state.data?.pages.some((page) => page.runs.some((run) => !isOver(run.status)))
        ? AGAIN
        : false,
  });
  const found = runs.data?.pages.flatMap((page) => page.runs) ?? [];
  const figures = useFigures(filters, filters.automation || null);
  const codes = (figures.data?.errors ?? []).map((one) => ({
    value: one.code,
    label: t("runs.errorTimes", one.code, number(one.count)),
  }));
  const narrowed = [...query.keys()].length > 0;
  return (
    <Page title={t("runs.all")}>
      <FiltersBar filters={filters} query={query} setQuery={setQuery}>
        <AutomationFilter
          value={filters.automation}
          onChange={(automation) => setQuery(withFilters(query, { automation }))}
        />
        <Field label={t("runs.errorCode")}>
          {(wired) => (
            <Combobox
              {...wired}
              free
              label={t("runs.errorCode")}
              placeholder={t("runs.anyError")}
              options={codes}
              value={filters.error}
              onChange={(error) => setQuery(withFilters(query, { error }))}
            />
          )}
        </Field>
        <Field label={t("runs.tests")}>
          {(wired) => (
            <Select
              {...wired}
              value={filters.tests}
              onChange={(tests) => setQuery(withFilters(query, { tests }))}
              empty={t("runs.testsAll")}
              options={[
                { value: "no", label: t("runs.testsNo") },
                { value: "only", label: t("runs.testsOnly") },
              ]}
            />
          )}
        </Field>
      </FiltersBar>
      <Statistics filters={filters} automationId={filters.automation || null} />
      {runs.isError ? <Problem error={runs.error} onRetry={() => void runs.refetch()} /> : null}
      {runs.isPending ? <Loading /> : null}
      {runs.data !== undefined && found.length === 0 ? (
        <Empty
          title={t(narrowed ? "runs.noneSuch" : "runs.none")}
          text={narrowed ? undefined : t("runs.noneText")}
        />
      ) : null}
      {found.length === 0 ? null : <RunTable runs={found} automationId={null} />}
      <More query={runs} />
    </Page>
  );
}

/** The automation whose runs are listed: chosen by its name. */
function AutomationFilter({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (id: string) => void;
}) {
  const { t } = useLocale();
  const api = useApi();
  const [typed, setTyped] = useState("");
  const wanted = useDebounced(typed.trim());
  const found = useQuery({
    queryKey: ["automations", "named", wanted],
    queryFn: ({ signal }) =>
      api.workflows.getAutomations(
        { limit: 50, sort: "name", filter: wanted === "" ? undefined : `name co ${JSON.stringify(wanted)}` },
        { signal },
      ),
    placeholderData: (before) => before,
  });
  const chosen = useQuery({
    queryKey: ["automations", value],
    queryFn: ({ signal }) => api.workflows.getAutomation(value, { signal }),
    enabled: value !== "",
  });
  const options = (found.data?.data ?? []).map((one) => ({ value: one.id, label: one.name }));
  if (chosen.data !== undefined && value !== "" && !options.some((one) => one.value === value)) {
    options.unshift({ value, label: chosen.data.name });
  }
  return (
    <Field label={t("runs.automation")}>
      {(wired) => (
        <Combobox
          {...wired}
          label={t("runs.automation")}
          placeholder={t("runs.anyAutomation")}
          options={options}
          value={value}
          onChange={onChange}
          onQuery={setTyped}
          busy={found.isFetching}
        />
      )}
    </Field>
  );
}
