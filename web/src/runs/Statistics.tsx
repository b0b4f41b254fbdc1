import type { RunPoint } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { Bars } from "../charts/Bars";
import type { Look, Series } from "../charts/ChartFrame";
import { Lines } from "../charts/Lines";
import { useLocale } from "../i18n";
import { Problem, Spinner } from "../ui";
import { figuresOf } from "./account";
import { chartStretch, type Filters } from "./filters";

/** The parts of a bar, from below. */
const COUNTED = [
  ["finished", "good"],
  ["finishedWithWarnings", "warn"],
  ["failed", "bad"],
  ["exceededLimit", "accent"],
  ["stopped", "muted"],
] as const satisfies readonly (readonly [keyof RunPoint, Look])[];

const DAY = 86_400_000;
const AGAIN = 60_000;
/** On a narrow screen the list would lie far below the charts. */
const WIDE = matchMedia("(min-width: 701px)");

/** The figures of the stretch that a list of runs is narrowed to. */
export function useFigures(filters: Filters, automationId: string | null) {
  const api = useApi();
  const { from, to, step } = chartStretch(filters, new Date());
  const asked = { from: from.toISOString(), to: to.toISOString(), step, automationId };
  return useQuery({
    queryKey: ["runs", "statistics", asked],
    queryFn: ({ signal }) => figuresOf(api.workflows, asked, signal),
    placeholderData: (before) => before,
    refetchInterval: AGAIN,
  });
}

type Props = { readonly filters: Filters; readonly automationId: string | null };

/** Runs by how they ended, their durations and their API calls over time. */
export function Statistics({ filters, automationId }: Props) {
  const { t, language, number, duration } = useLocale();
  const query = useFigures(filters, automationId);
  const { from, to, step } = chartStretch(filters, new Date());
  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) {
    return (
      <p className="runs-charts-wait">
        <Spinner />
      </p>
    );
  }
  const points = query.data.points;
  // Days are those of UTC, whatever the clock here says.
  const zone = step === "day" ? { timeZone: "UTC" } : {};
  const style =
    step === "day"
      ? ({ dateStyle: "medium" } as const)
      : ({ dateStyle: "medium", timeStyle: "short" } as const);
  const near = to.getTime() - from.getTime() <= DAY * 1.5;
  const long = new Intl.DateTimeFormat(language, { ...style, ...zone });
  const short = new Intl.DateTimeFormat(language, {
    ...(near
      ? ({ hour: "2-digit", minute: "2-digit" } as const)
      : ({ day: "numeric", month: "short" } as const)),
    ...zone,
  });
  const named = points.map((point) => {
    const at = new Date(point.start);
    return { point, label: long.format(at), short: short.format(at) };
  });
  const states: Series[] = COUNTED.map(([id, look]) => ({ id, label: t(`runs.chart.${id}`), look }));
  const sum = (...names: (typeof COUNTED)[number][0][]) =>
    points.reduce((all, point) => all + names.reduce((some, name) => some + point[name], 0), 0);
  const total = sum("finished", "finishedWithWarnings", "failed", "exceededLimit", "stopped");
  return (
    <details className="runs-figures" open={WIDE.matches}>
      <summary>{t("runs.chart.title")}</summary>
      <div className="runs-charts">
        <Bars
          title={t("runs.chart.runs")}
          description={t("runs.chart.runsAbout", number(total), number(sum("failed", "exceededLimit")))}
          series={states}
          points={named.map(({ point, ...labels }) => ({
            ...labels,
            values: COUNTED.map(([id]) => point[id]),
          }))}
        />
        <Lines
          title={t("runs.chart.durations")}
          description={t("runs.chart.durationsAbout")}
          series={[
            { id: "p50", label: t("runs.chart.p50"), look: "brand" },
            { id: "p95", label: t("runs.chart.p95"), look: "warn" },
          ]}
          points={named.map(({ point, ...labels }) => ({ ...labels, values: [point.p50, point.p95] }))}
          show={duration}
        />
        <Lines
          title={t("runs.chart.calls")}
          description={t("runs.chart.callsAbout")}
          series={[{ id: "calls", label: t("runs.chart.callsName"), look: "good" }]}
          points={named.map(({ point, ...labels }) => ({
            ...labels,
            values: [point.runs === 0 ? null : point.apiCalls],
          }))}
          whole
          show={number}
        />
      </div>
    </details>
  );
}
