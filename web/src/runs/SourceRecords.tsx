import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { Records } from "../data/Records";
import { useLocale } from "../i18n";
import { Loading, More, Problem } from "../ui";
import { recordsOf } from "./values";

type Props = { readonly automationId: string; readonly runId: string; readonly path: string };

/** What a loop went through, page by page of its source. */
export function SourceRecords({ automationId, runId, path }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const pages = useInfiniteQuery({
    queryKey: ["automations", automationId, "runs", runId, "records", { path }],
    queryFn: ({ pageParam, signal }) =>
      api.workflows.getRunRecords(automationId, runId, { loop: path, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.page === null && last.complete ? undefined : last.after),
  });
  if (pages.isPending) return <Loading />;
  if (pages.isError) return <Problem error={pages.error} onRetry={() => void pages.refetch()} />;
  const values = pages.data.pages.flatMap((page) => page.data);
  const records = recordsOf(values) ?? values.map((value) => ({ value }));
  return (
    <>
      {records.length === 0 ? <p className="muted">{t("runs.noOutput")}</p> : <Records records={records} />}
      {pages.data.pages.some((page) => page.cut) ? <p className="muted">{t("runs.cut")}</p> : null}
      <More query={pages} />
    </>
  );
}
