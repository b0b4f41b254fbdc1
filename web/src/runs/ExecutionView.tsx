import type { RunsExecution } from "@client";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useApi } from "../api";
import { Exchanges } from "../data/Exchanges";
import { Records } from "../data/Records";
import { useLocale } from "../i18n";
import { Badge, Button, Duration, JsonView, Loading, Problem, Tabs, Time } from "../ui";
import { ErrorView } from "./ErrorView";
import { SourceRecords } from "./SourceRecords";
import { recordsOf } from "./values";

type Props = {
  readonly automationId: string;
  readonly runId: string;
  readonly execution: RunsExecution;
  /** Whether the block goes through records: those are what it gave. */
  readonly loops: boolean;
  readonly tab: string;
  readonly onTab: (tab: string) => void;
  /** What a person can do about an error. */
  readonly help: ReactNode;
};

/** One execution of a block: what it gave, what it asked and was answered, what it began with, why it failed. */
export function ExecutionView({ automationId, runId, execution, loops, tab, onTab, help }: Props) {
  const { t } = useLocale();
  const [loaded, setLoaded] = useState(false);
  const api = useApi();
  const whole = useQuery({
    queryKey: [
      "automations",
      automationId,
      "runs",
      runId,
      "data",
      { execution: execution.id, part: "output" },
    ],
    queryFn: ({ signal }) =>
      api.workflows.getRunExecutionData(automationId, runId, execution.id, "output", { signal }),
    enabled: loaded,
  });
  const output = execution.outputRef === null ? execution.output : whole.data?.value;
  const known = execution.outputRef === null || whole.data !== undefined;
  const records = known ? recordsOf(output) : null;
  const shown = { automationId, runId, execution: execution.id };
  const ask =
    execution.outputRef === null || whole.data !== undefined ? null : (
      <Ask
        bytes={execution.outputRef.bytes}
        query={whole}
        busy={loaded && whole.isPending}
        onAsk={() => setLoaded(true)}
      />
    );
  const tabs = [
    ...(execution.error === null || execution.error === undefined
      ? []
      : [
          {
            id: "error",
            label: t("runs.tab.error"),
            content: <ErrorView execution={execution} help={help} />,
          },
        ]),
    ...(loops && !execution.censored && records === null
      ? [
          {
            id: "source",
            label: t("data.records"),
            content: <SourceRecords automationId={automationId} runId={runId} path={execution.path} />,
          },
        ]
      : []),
    {
      id: "output",
      label: t("runs.tab.output"),
      content: execution.censored ? (
        <p className="muted">{t("runs.censored")}</p>
      ) : (
        (ask ?? (
          <>
            {whole.data?.cut === true ? <p className="muted">{t("runs.cut")}</p> : null}
            {output === null || output === undefined ? (
              <p className="muted">{t("runs.noOutput")}</p>
            ) : (
              <JsonView value={output} open={2} />
            )}
          </>
        ))
      ),
    },
    ...(records !== null || (ask !== null && !execution.censored)
      ? [
          {
            id: "records",
            label: t("data.records"),
            content: records === null ? ask : <Records records={records} />,
          },
        ]
      : []),
    ...(execution.exchanges.length > 0
      ? [
          {
            id: "exchanges",
            label: t("runs.tab.exchanges"),
            content: <Exchanges exchanges={execution.exchanges} lastOpen />,
          },
        ]
      : []),
    {
      id: "inputs",
      label: t("runs.tab.inputs"),
      content: execution.censored ? (
        <p className="muted">{t("runs.censored")}</p>
      ) : (
        <Inputs {...shown} value={execution.inputs} bytes={execution.inputsRef?.bytes ?? null} />
      ),
    },
    ...(execution.printed.length > 0
      ? [
          {
            id: "printed",
            label: t("runs.tab.printed"),
            content: <pre className="runs-text">{execution.printed.join("\n")}</pre>,
          },
        ]
      : []),
  ];
  return (
    <div>
      <p className="runs-facts">
        <Badge tone={execution.status === "failed" ? "bad" : "good"}>
          {t(`runs.execution.${execution.status}`)}
        </Badge>
        <span>
          {t("runs.took")} <Duration ms={execution.milliseconds} />
        </span>
        {execution.attempts > 1 ? <span>{t("runs.attempts", execution.attempts)}</span> : null}
        <Time at={execution.at} />
        <code className="muted">{execution.path}</code>
      </p>
      <Tabs
        label={t("runs.tabs")}
        tabs={tabs}
        value={tabs.some((one) => one.id === tab) ? tab : (tabs[0]?.id ?? "output")}
        onChange={onTab}
      />
    </div>
  );
}

type InputsProps = {
  readonly automationId: string;
  readonly runId: string;
  readonly execution: string;
  readonly value: unknown;
  readonly bytes: number | null;
};

function Inputs({ automationId, runId, execution, value, bytes }: InputsProps) {
  const { t } = useLocale();
  const api = useApi();
  const [loaded, setLoaded] = useState(false);
  const whole = useQuery({
    queryKey: ["automations", automationId, "runs", runId, "data", { execution, part: "inputs" }],
    queryFn: ({ signal }) =>
      api.workflows.getRunExecutionData(automationId, runId, execution, "inputs", { signal }),
    enabled: loaded,
  });
  if (bytes !== null && whole.data === undefined) {
    return <Ask bytes={bytes} query={whole} busy={loaded && whole.isPending} onAsk={() => setLoaded(true)} />;
  }
  const shown = bytes === null ? value : whole.data?.value;
  if (shown === null || shown === undefined) return <p className="muted">{t("runs.noInputs")}</p>;
  return (
    <>
      {whole.data?.cut === true ? <p className="muted">{t("runs.cut")}</p> : null}
      <JsonView value={shown} open={2} />
    </>
  );
}

type AskProps = {
  readonly bytes: number;
  readonly query: { readonly isError: boolean; readonly error: unknown; readonly refetch: () => unknown };
  readonly busy: boolean;
  readonly onAsk: () => void;
};

/** Large data is read only where somebody wants to see it. */
function Ask({ bytes, query, busy, onAsk }: AskProps) {
  const { t } = useLocale();
  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (busy) return <Loading />;
  return (
    <p>
      {t("runs.large", sizeText(bytes))} <Button onClick={onAsk}>{t("runs.load")}</Button>
    </p>
  );
}

export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
