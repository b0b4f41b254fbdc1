import type { RunsExecution } from "@client";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../api";
import { Exchanges } from "../../data/Exchanges";
import { useLocale } from "../../i18n";
import {
  Badge,
  Button,
  Duration,
  Empty,
  Field,
  JsonView,
  Loading,
  More,
  Problem,
  Select,
  Tabs,
  Time,
} from "../../ui";
import { useLatestRun, usePins, useRunBlocks } from "../formula/useSamples";
import { useEditor } from "../hooks";
import { usePanel } from "./context";
import { Pin } from "./Pin";
import { useTrial } from "./useTrial";

const ENDED = new Set(["failed", "finished", "finished with warnings", "stopped", "exceeded limit"]);

/** What the block gave when it ran last: a test of its own, or the newest run. */
export function OutputTab() {
  const { t } = useLocale();
  const { editor, block } = usePanel();
  const id = editor.automationId;
  const latest = useLatestRun(id, block.id);
  const start = useEditor(
    editor,
    ({ doc }) => doc.blocks.find((one) => one.type === "StartBlock")?.id ?? null,
  );
  const whole = useLatestRun(id, null, start);
  const [tested, setTested] = useState<string | null>(null);
  const history = useRunBlocks(id, tested ?? latest.data?.id ?? null);
  const trial = useTrial(whole.data?.id ?? null);
  const pins = usePins(id);
  const pinned = pins.data?.data.find((one) => one.blockId === block.id);
  const runId = tested ?? latest.data?.id ?? null;
  const did = history.data?.data.find((one) => one.blockId === block.id);
  const run = (only: boolean) =>
    trial.mutate(only ? { only: true } : { until: true }, { onSuccess: (made) => setTested(made.id) });
  return (
    <>
      {editor.readOnly ? null : (
        <div className="panel-actions">
          <Button look="primary" icon="play" busy={trial.isPending} onClick={() => run(true)}>
            {t("panel.testBlock")}
          </Button>
          <Button icon="skip" busy={trial.isPending} onClick={() => run(false)}>
            {t("panel.runToHere")}
          </Button>
        </div>
      )}
      <div role="status">
        {trial.isPending ? <Loading /> : null}
        {trial.data !== undefined && !trial.isPending ? (
          <p className="field-hint">
            {t(ENDED.has(trial.data.status) ? "panel.testEnded" : "panel.testGoesOn")}
          </p>
        ) : null}
      </div>
      {trial.isError ? <Problem error={trial.error} /> : null}
      <Pin pinned={pinned} output={undefined} blank={runId === null && !latest.isPending} />
      {latest.isPending || (runId !== null && history.isPending) ? <Loading /> : null}
      {history.isError ? <Problem error={history.error} onRetry={() => void history.refetch()} /> : null}
      {runId === null && !latest.isPending ? (
        <Empty title={t("panel.neverRan")} text={t("panel.neverRanText")} />
      ) : null}
      {runId !== null && history.isSuccess && (did === undefined || did.executions === 0) ? (
        <Empty
          title={t(did?.running === true ? "panel.isRunning" : "panel.notReached")}
          text={did?.running === true ? undefined : t("panel.notReachedText")}
        />
      ) : null}
      {runId !== null && did !== undefined && did.executions > 0 ? (
        <Executions key={runId} runId={runId} pinned={pinned !== undefined} />
      ) : null}
    </>
  );
}

function Executions({ runId, pinned }: { readonly runId: string; readonly pinned: boolean }) {
  const api = useApi();
  const { t } = useLocale();
  const { editor, block } = usePanel();
  const [chosen, setChosen] = useState(0);
  const found = useInfiniteQuery({
    queryKey: ["automations", editor.automationId, "runs", runId, "blocks", block.id, "executions"],
    queryFn: ({ signal, pageParam }) =>
      api.workflows.getRunExecutions(
        editor.automationId,
        runId,
        block.id,
        { limit: 50, ...(pageParam === "" ? {} : { after: pageParam }) },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (page) => (page.complete || page.data.length === 0 ? undefined : page.after),
  });
  if (found.isPending) return <Loading />;
  if (found.isError) return <Problem error={found.error} onRetry={() => void found.refetch()} />;
  const all = found.data.pages.flatMap((page) => page.data);
  const one = all[chosen] ?? all[0];
  if (one === undefined) return null;
  return (
    <>
      {all.length > 1 || found.hasNextPage ? (
        <Field label={t("panel.whichItem")}>
          {(wired) => (
            <Select
              {...wired}
              options={all.map((entry, at) => ({ value: String(at), label: itemLabel(entry, at, t) }))}
              value={String(chosen)}
              onChange={(at) => setChosen(Number(at))}
            />
          )}
        </Field>
      ) : null}
      <More query={found} />
      <Shown key={one.id} execution={one} runId={runId} pinned={pinned} />
    </>
  );
}

type Translate = ReturnType<typeof useLocale>["t"];

function itemLabel(one: RunsExecution, at: number, t: Translate): string {
  const where = one.iteration.map((item) => `${item.name} ${item.index + 1}`).join(" · ");
  return `${where === "" ? t("panel.timeNumber", at + 1) : where}${one.status === "failed" ? ` – ${t("panel.failed")}` : ""}`;
}

function Shown({
  execution,
  runId,
  pinned,
}: {
  readonly execution: RunsExecution;
  readonly runId: string;
  readonly pinned: boolean;
}) {
  const { t } = useLocale();
  const [tab, setTab] = useState("output");
  const output = useValue(execution, "output", runId);
  const inputs = useValue(execution, "inputs", runId);
  const tabs = [
    {
      id: "output",
      label: t("panel.tab.output"),
      content: (
        <>
          {execution.censored === true ? <p className="field-hint">{t("panel.censored")}</p> : null}
          {execution.error === null || execution.error === undefined ? null : (
            <Fault error={execution.error} />
          )}
          {pinned || output.loading || output.cut || execution.status === "failed" ? null : (
            <Pin pinned={undefined} output={{ value: output.value }} />
          )}
          {output.failure === null ? null : <Problem error={output.failure} />}
          {output.loading ? <Loading /> : null}
          {output.cut ? <p className="field-hint">{t("panel.cut")}</p> : null}
          {output.loading || output.cut || (execution.status === "failed" && output.value == null) ? null : (
            <JsonView value={output.value} open={2} />
          )}
        </>
      ),
    },
    {
      id: "inputs",
      label: t("panel.tab.inputs"),
      content: inputs.loading ? <Loading /> : <JsonView value={inputs.value} open={2} />,
    },
  ];
  if (execution.exchanges.length > 0) {
    tabs.push({
      id: "calls",
      label: t("panel.tab.calls", execution.exchanges.length),
      content: <Exchanges exchanges={execution.exchanges} lastOpen />,
    });
  }
  if (execution.printed.length > 0) {
    tabs.push({
      id: "printed",
      label: t("panel.tab.printed"),
      content: <pre className="panel-printed">{execution.printed.join("\n")}</pre>,
    });
  }
  const tones = { ok: "good", failed: "bad", replayed: "info" } as const;
  const words = { ok: "panel.ok", failed: "panel.failed", replayed: "panel.replayed" } as const;
  return (
    <div className="panel-execution">
      <p className="panel-facts">
        <Badge tone={tones[execution.status]}>{t(words[execution.status])}</Badge> <Time at={execution.at} />{" "}
        <Duration ms={execution.milliseconds} />
        {execution.attempts > 1 ? <span>{t("panel.attempts", execution.attempts)}</span> : null}
      </p>
      <Tabs label={t("panel.tab.ofExecution")} tabs={tabs} value={tab} onChange={setTab} />
    </div>
  );
}

function Fault({ error }: { readonly error: unknown }) {
  const told = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
  const detail = told["detail"] ?? told["title"];
  return (
    <div className="panel-fault">
      {typeof detail === "string" ? <p>{detail}</p> : null}
      <JsonView value={error} open={0} />
    </div>
  );
}

/** A value of an execution; a large one is fetched when it is looked at. */
function useValue(execution: RunsExecution, part: "output" | "inputs", runId: string) {
  const api = useApi();
  const { editor } = usePanel();
  const aside = part === "output" ? execution.outputRef : execution.inputsRef;
  const found = useQuery({
    queryKey: ["automations", editor.automationId, "runs", runId, "executions", execution.id, part],
    queryFn: ({ signal }) =>
      api.workflows.getRunExecutionData(editor.automationId, runId, execution.id, part, { signal }),
    enabled: aside !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (aside === null) return { value: execution[part], loading: false, cut: false, failure: null };
  return {
    value: found.data?.value,
    loading: found.isPending,
    cut: found.data?.cut === true,
    failure: found.error,
  };
}
