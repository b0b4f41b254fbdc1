import type { RunItem } from "@client";
import { useLocale } from "../i18n";
import { Badge, type Column, Table, Time } from "../ui";
import { errorsOf, isOver } from "./liveStore";
import { usePaths } from "./paths";
import { Elapsed } from "./RunFacts";
import { contextWord, RunBadge } from "./states";

export type ListedRun = RunItem & { readonly automationId?: string; readonly automationName?: string };

type Props = {
  readonly runs: readonly ListedRun[];
  /** The automation of all of them; null where each has its own. */
  readonly automationId: string | null;
};

const LONGEST = 140;

/** Runs as a table; each leads to its page. */
export function RunTable({ runs, automationId }: Props) {
  const { t, moment } = useLocale();
  const paths = usePaths();
  const columns: Column<ListedRun>[] = [
    {
      id: "run",
      label: t("runs.run"),
      cell: (run) => (
        <bdi className="runs-cell-name">
          {run.title !== ""
            ? run.title
            : automationId === null
              ? (run.automationName ?? t("runs.run"))
              : moment(run.startTime ?? run.createdAt)}
        </bdi>
      ),
    },
    {
      id: "status",
      label: t("runs.state"),
      cell: (run) => <RunBadge status={run.paused ? "paused" : run.status} />,
    },
    {
      id: "started",
      label: t("runs.startedAt"),
      cell: (run) => (
        <span className="runs-cell-time">
          <Time at={run.startTime ?? run.createdAt} />
        </span>
      ),
    },
    {
      id: "duration",
      label: t("runs.duration"),
      align: "end",
      cell: (run) => (
        <Elapsed from={run.startTime ?? null} to={run.stopTime ?? null} going={!isOver(run.status)} />
      ),
    },
    {
      id: "context",
      label: t("runs.startedBy"),
      cell: (run) => (
        <>
          {contextWord(run.context, t)} {run.isTestRun ? <Badge tone="info">{t("runs.test")}</Badge> : null}
        </>
      ),
    },
    {
      id: "error",
      label: t("runs.error"),
      cell: (run) => {
        const [error] = errorsOf(run.error);
        if (error === undefined) return <span className="muted">–</span>;
        const text = `${error.block === "" ? "" : `${error.block}: `}${error.detail || error.title}`;
        return (
          <bdi className="runs-cell-error" title={text.slice(0, 1000)}>
            {text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}
          </bdi>
        );
      },
    },
  ];
  return (
    <Table
      caption={t("runs.title")}
      columns={columns}
      rows={runs}
      keyOf={(run) => run.id}
      to={(run) => paths.run(run.automationId ?? automationId ?? "", run.id)}
    />
  );
}
