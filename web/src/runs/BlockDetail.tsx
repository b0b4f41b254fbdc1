import type { RunsExecution } from "@client";
import { useEffect, useState } from "react";
import { useLocale } from "../i18n";
import { Button, ButtonLink, Empty, Loading, More, Problem, Select } from "../ui";
import { ExecutionList } from "./ExecutionList";
import { ExecutionView } from "./ExecutionView";
import { ItemList } from "./ItemList";
import { ItemPicker } from "./ItemPicker";
import { isOver, type LiveStore, useLiveBlock, useLiveState } from "./live";
import type { OutlineRow } from "./outline";
import { usePaths } from "./paths";
import { about } from "./RunTree";
import { BlockMark } from "./states";
import { useExecutions, useItems } from "./useItems";
import { aroundOf, itemsOf } from "./values";

const AGAIN = 4000;

type Props = {
  readonly automationId: string;
  readonly runId: string;
  readonly live: LiveStore;
  readonly row: OutlineRow;
  readonly rows: readonly OutlineRow[];
  /** The first block inside, where this one loops. */
  readonly body: string | null;
  readonly item: string;
  readonly onItem: (item: string) => void;
  readonly onBlock: (id: string, item: string) => void;
  /** Goes on with the run from where it failed; null where that cannot be. */
  readonly onRetry: (() => void) | null;
};

/** What one block did in a run. */
export function BlockDetail(props: Props) {
  const { automationId, runId, live, row, rows, body, item, onItem, onBlock } = props;
  const { t, number } = useLocale();
  const state = useLiveBlock(live, row.id);
  const paths = usePaths();
  const failing = useFailing(props, (state?.failed ?? 0) > 0);
  return (
    <section className="runs-detail" aria-label={row.name}>
      <header className="runs-detail-head">
        <h2>
          <BlockMark state={state} /> <bdi>{row.name}</bdi>
        </h2>
        <ButtonLink to={paths.block(automationId, row.id, runId)} icon="edit">
          {t("runs.openBlock")}
        </ButtonLink>
      </header>
      <p className="runs-facts" role="status">
        <span>{about(state, t, number)}</span>
        {state !== null && state.apiCalls > 0 ? (
          <span>{t("runs.calls", state.apiCalls, number(state.apiCalls))}</span>
        ) : null}
        <span className="muted">{row.type}</span>
      </p>
      {row.comment === "" ? null : (
        <p className="muted">
          <bdi>{row.comment}</bdi>
        </p>
      )}
      {row.loops.length === 0 ? null : (
        <div className="runs-items-bar">
          <ItemPicker
            automationId={automationId}
            runId={runId}
            live={live}
            row={row}
            rows={rows}
            item={item}
            onPick={onItem}
          />
          {failing === null ? null : (
            <Button icon="error" busy={failing.busy} onClick={() => failing.next(item, onItem)}>
              {t("runs.nextFailed")}
            </Button>
          )}
        </div>
      )}
      {state === null ? (
        <Empty title={t("runs.notReached")} />
      ) : (
        <>
          {body === null ? null : <Items {...props} onPick={(path) => onBlock(body, path)} />}
          <Executions key={`${row.id} ${item}`} {...props} />
        </>
      )}
    </section>
  );
}

/** Steps through the items in which the block failed. */
function useFailing({ automationId, runId, row }: Props, wanted: boolean) {
  const [asked, setAsked] = useState(false);
  const [then, setThen] = useState<{ readonly from: string; readonly go: (item: string) => void } | null>(
    null,
  );
  const query = useExecutions({
    automationId,
    runId,
    blockId: asked ? row.id : "",
    item: "",
    status: "failed",
    again: false,
  });
  const { data, hasNextPage, isFetching, fetchNextPage } = query;
  useEffect(() => {
    if (then === null || data === undefined || isFetching) return;
    const places = data.pages.flatMap((page) => page.data.map((one) => aroundOf(one.path)));
    const at = places.indexOf(then.from);
    const next = places[at + 1];
    if (next === undefined && hasNextPage) {
      void fetchNextPage();
      return;
    }
    setThen(null);
    const target = next ?? places[0];
    if (target !== undefined) then.go(target);
  }, [then, data, isFetching, hasNextPage, fetchNextPage]);
  if (!wanted) return null;
  return {
    busy: then !== null,
    next: (from: string, go: (item: string) => void) => {
      setAsked(true);
      setThen({ from, go });
    },
  };
}

/** The items of the loop that is looked at. */
function Items({
  automationId,
  runId,
  live,
  row,
  item,
  onPick,
}: Props & { readonly onPick: (path: string) => void }) {
  const { t } = useLocale();
  const over = isOver(useLiveState(live).status);
  const [status, setStatus] = useState<"" | "failed">("");
  const inside = itemsOf(item).length === row.loops.length;
  const query = useItems({
    automationId,
    runId,
    blockId: inside ? row.id : "",
    around: item,
    status,
    limit: 50,
    again: over ? false : AGAIN,
  });
  if (!inside) return <p className="muted">{t("runs.chooseOuter")}</p>;
  return (
    <section className="runs-loop-items">
      <div className="runs-detail-head">
        <h3>{t("runs.items")}</h3>
        <Select
          aria-label={t("runs.itemState")}
          value={status}
          onChange={(value) => setStatus(value === "failed" ? "failed" : "")}
          options={[
            { value: "", label: t("runs.itemAll") },
            { value: "failed", label: t("runs.itemFailed") },
          ]}
        />
      </div>
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      <ItemList
        items={query.data?.pages.flatMap((page) => page.data) ?? []}
        pending={query.isPending}
        more={query}
        onPick={onPick}
      />
    </section>
  );
}

/** The executions of the block: one as a whole, several as a list to choose from. */
function Executions({ automationId, runId, live, row, item, body, onRetry }: Props) {
  const { t } = useLocale();
  const paths = usePaths();
  const { status: runStatus, errors } = useLiveState(live);
  const loops = (useLiveBlock(live, row.id)?.records ?? 0) > 0;
  const over = isOver(runStatus);
  const [status, setStatus] = useState<"" | "failed">("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [tab, setTab] = useState("");
  const query = useExecutions({
    automationId,
    runId,
    blockId: row.id,
    item,
    status,
    again: over ? false : AGAIN,
  });
  const found: readonly RunsExecution[] = query.data?.pages.flatMap((page) => page.data) ?? [];
  const several = found.length > 1 || status !== "" || query.hasNextPage === true;
  const one = found.find((execution) => execution.id === chosen) ?? (several ? undefined : found[0]);

  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Loading />;
  if (one !== undefined) {
    const ended = errors.some((error) => error.path === one.path);
    const help = (
      <p className="row">
        <ButtonLink to={paths.block(automationId, row.id, runId)} look="primary" icon="edit">
          {t("runs.openBlock")}
        </ButtonLink>
        {ended && onRetry !== null ? (
          <Button icon="refresh" onClick={onRetry}>
            {t("runs.retryHere")}
          </Button>
        ) : null}
      </p>
    );
    return (
      <>
        {several ? (
          <Button look="bare" icon="back" onClick={() => setChosen(null)}>
            {t("runs.allExecutions")}
          </Button>
        ) : null}
        <ExecutionView
          automationId={automationId}
          runId={runId}
          execution={one}
          loops={loops}
          tab={tab}
          onTab={setTab}
          help={help}
        />
      </>
    );
  }
  if (found.length === 0 && status === "" && query.hasNextPage !== true) {
    return body === null ? (
      <p className="muted">{t(over ? "runs.noExecution" : "runs.noExecutionYet")}</p>
    ) : null;
  }
  return (
    <section>
      <div className="runs-detail-head">
        <h3>{t("runs.executions")}</h3>
        <Select
          aria-label={t("runs.executionState")}
          value={status}
          onChange={(value) => setStatus(value === "failed" ? "failed" : "")}
          options={[
            { value: "", label: t("runs.executionsAll") },
            { value: "failed", label: t("runs.executionsFailed") },
          ]}
        />
      </div>
      <ExecutionList executions={found} onPick={setChosen} />
      <More query={query} />
    </section>
  );
}
