import type { RunDetail } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useParams, useSearchParams } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Empty, Loading, Page, Problem, Search, Switch } from "../ui";
import { BlockDetail } from "./BlockDetail";
import { isOver, useLiveRun, useLiveState } from "./live";
import { extended, outline } from "./outline";
import { usePaths } from "./paths";
import { itemFor, loopBodies } from "./places";
import { RerunDialog } from "./RerunDialog";
import { RunActions } from "./RunActions";
import { RunErrors } from "./RunErrors";
import { RunFacts } from "./RunFacts";
import { RunTree } from "./RunTree";
import { RunBadge } from "./states";
import { possible, useActions } from "./useActions";
import { aroundOf } from "./values";
import { useDocumentOf, useNewest } from "./versionOf";
import "./runs.css";

const FOLLOW_EVERY = 1500;

/** One run: live while it goes on, to look through when it is over. */
export function RunPage() {
  const { id = "", runId = "" } = useParams();
  const { t } = useLocale();
  const api = useApi();
  const paths = usePaths();
  const automation = useQuery({
    queryKey: ["automations", id],
    queryFn: ({ signal }) => api.workflows.getAutomation(id, { signal }),
  });
  const run = useQuery({
    queryKey: ["automations", id, "runs", runId],
    queryFn: ({ signal }) => api.workflows.getRun(id, runId, { signal }),
  });
  const name = automation.data?.name ?? "";
  const back = { to: paths.runsOf(id), label: name === "" ? t("runs.title") : t("runs.of.back", name) };
  if (run.data === undefined) {
    return (
      <Page title={t("runs.run")} back={back}>
        {run.isError ? <Problem error={run.error} onRetry={() => void run.refetch()} /> : <Loading />}
      </Page>
    );
  }
  return (
    <Shown
      key={runId}
      automationId={id}
      automation={name}
      run={run.data}
      back={back}
      refetch={() => void run.refetch()}
    />
  );
}

type ShownProps = {
  readonly automationId: string;
  readonly automation: string;
  readonly run: RunDetail;
  readonly back: { readonly to: string; readonly label: string };
  readonly refetch: () => void;
};

function Shown({ automationId, automation, run, back, refetch }: ShownProps) {
  const { t } = useLocale();
  const [again, setAgain] = useState(0);
  const live = useLiveRun(automationId, run.id, again);
  const state = useLiveState(live);
  const status = state.feed === "waiting" ? (run.paused ? "paused" : run.status) : state.status;
  const over = isOver(status);
  const [query, setQuery] = useSearchParams();
  const [rerunning, setRerunning] = useState(false);
  const [following, setFollowing] = useState(!over && query.get("block") === null);
  const [wanted, setWanted] = useState("");
  const actions = useActions(automationId, run.id, () => {
    setAgain((times) => times + 1);
    refetch();
  });

  const blocks = useOverview(automationId, run.id, status);
  const document = useDocumentOf(automationId, run);
  const newest = useNewest(automationId);
  const rows = useMemo(
    () => (document.data === undefined ? [] : extended(outline(document.data), blocks.data ?? [])),
    [document.data, blocks.data],
  );
  const bodies = useMemo(() => loopBodies(rows), [rows]);
  const word = wanted.trim().toLowerCase();
  const found = useMemo(
    () =>
      word === ""
        ? rows
        : rows
            .filter((row) => row.name.toLowerCase().includes(word))
            .map((row) => ({ ...row, below: 0, hasBody: false })),
    [rows, word],
  );

  const show = (block: string, item: string) =>
    setQuery(
      (before) => {
        const next = new URLSearchParams(before);
        next.set("block", block);
        if (item === "") next.delete("item");
        else next.set("item", item);
        return next;
      },
      { replace: true },
    );
  const showing = useRef(show);
  showing.current = show;
  const chosen = query.get("block") ?? firstOf(run, rows);
  const item = query.get("item") ?? (query.get("block") === null ? aroundOf(errorOf(run)?.path ?? "") : "");
  const row = rows.find((one) => one.id === chosen);
  const select = (block: string) => {
    setFollowing(false);
    const target = rows.find((one) => one.id === block);
    show(block, target === undefined ? "" : itemFor(target, item, (loop) => live.keyOf(loop)));
  };

  useEffect(() => {
    if (!following || over) return;
    const timer = setInterval(() => {
      const latest = live.latest();
      if (latest !== null) showing.current(latest.blockId, aroundOf(latest.path));
    }, FOLLOW_EVERY);
    return () => clearInterval(timer);
  }, [following, over, live]);
  // What the list said when the page was opened is old once the run has ended.
  useEffect(() => {
    if (over && !isOver(run.status)) refetch();
  }, [over, run.status, refetch]);

  const can = possible(status);
  const retry = can.retry ? () => actions.act("retry") : null;
  const mended = can.retry && newest !== null && newest > (run.version ?? 0);
  return (
    <Page
      full
      title={run.title === "" ? t("runs.runOf", automation) : run.title}
      back={back}
      about={<RunBadge status={status} />}
      actions={
        <RunActions
          automationId={automationId}
          run={run}
          status={status}
          actions={actions}
          onRerun={() => setRerunning(true)}
        />
      }
    >
      <RunFacts run={run} state={state} status={status} automationId={automationId} />
      <RunErrors
        errors={over ? state.errors : []}
        onShow={(error) => show(error.blockId, aroundOf(error.path))}
        onRetry={retry}
        onRetryNewest={mended ? () => actions.act("retryNewest") : null}
        automationId={automationId}
        runId={run.id}
        version={run.version ?? 0}
        newest={newest ?? 0}
      />
      {document.isError ? <Problem error={document.error} onRetry={() => void document.refetch()} /> : null}
      <div className="runs-page">
        <section className="runs-side-tree" aria-label={t("runs.blocks")}>
          <div className="runs-tree-bar">
            <Search label={t("runs.findBlock")} value={wanted} onChange={setWanted} />
            {over ? null : <Switch label={t("runs.follow")} checked={following} onChange={setFollowing} />}
          </div>
          {document.isPending ? (
            <Loading />
          ) : rows.length === 0 ? (
            <Empty title={t("runs.noBlocks")} />
          ) : (
            <RunTree live={live} rows={found} selected={chosen} onSelect={select} />
          )}
        </section>
        {row === undefined ? null : (
          <BlockDetail
            key={row.id}
            automationId={automationId}
            runId={run.id}
            live={live}
            row={row}
            rows={rows}
            body={bodies.get(row.id) ?? null}
            item={item}
            onItem={(path) => {
              setFollowing(false);
              show(row.id, path);
            }}
            onBlock={(block, path) => {
              setFollowing(false);
              show(block, path);
            }}
            onRetry={retry}
          />
        )}
      </div>
      {rerunning ? (
        <RerunDialog
          automationId={automationId}
          run={run}
          start={rows[0]?.type === "StartBlock" ? rows[0].id : null}
          onClose={() => setRerunning(false)}
        />
      ) : null}
    </Page>
  );
}

/** Which blocks the run came to, for those that its document does not have. */
function useOverview(automationId: string, runId: string, status: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["automations", automationId, "runs", runId, "blocks", status],
    queryFn: async ({ signal }) => (await api.workflows.getRunBlocks(automationId, runId, { signal })).data,
    placeholderData: (before) => before,
  });
}

function errorOf(run: RunDetail): { readonly blockId: string; readonly path: string } | null {
  const error = run.error?.[0];
  if (error === undefined || typeof error["blockId"] !== "string" || error["blockId"] === "") return null;
  return { blockId: error["blockId"], path: typeof error["path"] === "string" ? error["path"] : "" };
}

/** What is looked at first: where it failed, else the beginning. */
function firstOf(run: RunDetail, rows: readonly { readonly id: string }[]): string | null {
  return errorOf(run)?.blockId ?? rows[0]?.id ?? null;
}
