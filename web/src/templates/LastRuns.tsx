import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { Badge, ButtonLink, Duration, Loading, Problem, Table, Time, type Tone } from "../ui";
import { links } from "./data";

const SHOWN = 5;
const OVER = ["finished", "finished with warnings", "failed", "stopped", "exceeded limit"];
const TONES: Record<string, Tone> = {
  failed: "bad",
  "exceeded limit": "bad",
  "finished with warnings": "warn",
};

/** What an integration did last. */
export function LastRuns({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const { hidden } = useSession();
  const api = useApi();
  const runs = useQuery({
    queryKey: ["integrations", id, "runs"],
    queryFn: async ({ signal }) =>
      (await api.workflows.getRuns(id, { limit: SHOWN, sort: "-id" }, { signal })).data,
    refetchInterval: ({ state }) => (state.data?.some((run) => !OVER.includes(run.status)) ? 3000 : false),
  });
  // In a frame that shows only templates there are no pages of runs.
  const leads = !hidden.has("studio");
  return (
    <section className="templates-part">
      <h2>{t("templates.lastRuns")}</h2>
      {runs.error ? (
        <Problem error={runs.error} onRetry={() => void runs.refetch()} />
      ) : runs.isPending ? (
        <Loading />
      ) : runs.data.length === 0 ? (
        <p className="muted">{t("templates.noRuns")}</p>
      ) : (
        <>
          <Table
            caption={t("templates.lastRuns")}
            rows={runs.data}
            keyOf={(run) => run.id}
            {...(leads ? { to: (run: { id: string }) => links.run(id, run.id) } : {})}
            columns={[
              {
                id: "at",
                label: t("templates.column.lastRun"),
                wide: true,
                cell: (run) => <Time at={run.startTime ?? run.createdAt} />,
              },
              {
                id: "status",
                label: t("templates.column.status"),
                cell: (run) => (
                  <Badge tone={TONES[run.status] ?? (OVER.includes(run.status) ? "good" : "info")}>
                    {t(`templates.runStatus.${run.status}`)}
                  </Badge>
                ),
              },
              {
                id: "duration",
                label: t("templates.column.duration"),
                align: "end",
                cell: (run) => <Duration ms={run.duration === undefined ? null : run.duration * 1000} />,
              },
            ]}
          />
          {leads ? <ButtonLink to={links.runs(id)}>{t("templates.allRuns")}</ButtonLink> : null}
        </>
      )}
    </section>
  );
}
