import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useParams, useSearchParams } from "wouter";
import { useApi } from "../api";
import { cursorOf } from "../api/pages";
import { useLocale } from "../i18n";
import { Button, ButtonLink, Empty, Loading, More, Page, Problem, useToast } from "../ui";
import { FiltersBar } from "./FiltersBar";
import { filtersOf, scim } from "./filters";
import { isOver } from "./liveStore";
import { usePaths } from "./paths";
import { RunTable } from "./RunTable";
import { Statistics } from "./Statistics";
import "./runs.css";
import "./list.css";

const AGAIN = 5000;

/** The runs of one automation, newest first. */
export function RunsOfAutomation() {
  const { id = "" } = useParams();
  const { t } = useLocale();
  const api = useApi();
  const paths = usePaths();
  const toast = useToast();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [query, setQuery] = useSearchParams();
  const filters = filtersOf(query, "all");
  const filter = scim(filters, new Date());
  const automation = useQuery({
    queryKey: ["automations", id],
    queryFn: ({ signal }) => api.workflows.getAutomation(id, { signal }),
  });
  const runs = useInfiniteQuery({
    queryKey: ["automations", id, "runs", "list", { filter }],
    queryFn: ({ signal, pageParam }) =>
      api.workflows.getRuns(id, { sort: "-id", limit: 25, filter, cursor: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: cursorOf,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) =>
      (state.data?.pages.length ?? 0) <= 3 &&
      state.data?.pages.some((page) => page.data.some((run) => !isOver(run.status)))
        ? AGAIN
        : false,
  });
  const start = useMutation({
    mutationFn: () => api.workflows.createRun(id, { context: "api" }),
    onSuccess: (run) => {
      void queries.invalidateQueries({ queryKey: ["automations", id, "runs"] });
      navigate(paths.run(id, run.id));
    },
    onError: (error) => toast.fail(error),
  });
  const found = runs.data?.pages.flatMap((page) => page.data) ?? [];
  const name = automation.data?.name ?? "";
  return (
    <Page
      title={name === "" ? t("runs.title") : t("runs.ofAutomation", name)}
      back={{ to: paths.automation(id), label: t("runs.backToEditor") }}
      actions={
        <>
          <ButtonLink to={paths.versions(id)} icon="history">
            {t("runs.openVersions")}
          </ButtonLink>
          <Button look="primary" icon="play" busy={start.isPending} onClick={() => start.mutate()}>
            {t("runs.start")}
          </Button>
        </>
      }
    >
      <FiltersBar filters={filters} query={query} setQuery={setQuery} />
      <Statistics filters={filters} automationId={id} />
      {runs.isError ? <Problem error={runs.error} onRetry={() => void runs.refetch()} /> : null}
      {runs.isPending ? <Loading /> : null}
      {runs.data !== undefined && found.length === 0 ? (
        <Empty
          title={filter === undefined ? t("runs.none") : t("runs.noneSuch")}
          text={filter === undefined ? t("runs.noneText") : undefined}
        />
      ) : null}
      {found.length === 0 ? null : <RunTable runs={found} automationId={id} />}
      <More query={runs} />
    </Page>
  );
}
