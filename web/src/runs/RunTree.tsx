import { type KeyboardEvent, memo, useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import { type Translate, useLocale } from "../i18n";
import { bringIntoSight, Icon, useWindow } from "../ui";
import { type BlockState, type LiveStore, useLiveBlock } from "./live";
import { type Branch, type OutlineRow, visible } from "./outline";
import { BlockMark, blockWord } from "./states";

const ROW = 46;

type Props = {
  readonly live: LiveStore;
  readonly rows: readonly OutlineRow[];
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
};

/** The blocks of a run as a tree (ARIA APG); only the rows that are seen are in the page. */
export function RunTree({ live, rows, selected, onSelect }: Props) {
  const { t } = useLocale();
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => visible(rows, closed), [rows, closed]);
  const seen = useWindow(frame, ROW, shown.length);
  const at = shown.findIndex((row) => row.id === selected);

  useEffect(() => {
    if (frame.current !== null && at >= 0) bringIntoSight(frame.current, ROW, at);
  }, [at]);
  // What is chosen from elsewhere must not stay hidden in a closed row.
  useEffect(() => {
    if (selected === null || at >= 0) return;
    const around = rows.findIndex((row) => row.id === selected);
    if (around < 0) return;
    const holders = rows
      .filter((row, index) => index < around && index + row.below >= around)
      .map((row) => row.id);
    setClosed((before) =>
      holders.some((one) => before.has(one))
        ? new Set([...before].filter((one) => !holders.includes(one)))
        : before,
    );
  }, [selected, at, rows]);

  const toggle = (row: OutlineRow, open: boolean) => {
    const next = new Set(closed);
    if (open) next.delete(row.id);
    else next.add(row.id);
    setClosed(next);
  };
  const onKeys = (event: KeyboardEvent) => {
    const row = shown[at];
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? ROW) / ROW) - 1);
    const last = shown.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: Math.max(0, at - 1),
      Home: 0,
      End: last,
      PageDown: at + page,
      PageUp: at - page,
    };
    const move = moves[event.key];
    let target = move === undefined ? undefined : shown[Math.max(0, Math.min(last, move))];
    if (event.key === "ArrowRight" && row?.hasBody) {
      if (closed.has(row.id)) toggle(row, true);
      else target = shown[at + 1];
    } else if (event.key === "ArrowLeft" && row !== undefined) {
      if (row.hasBody && !closed.has(row.id)) toggle(row, false);
      else target = shown.findLast((one, index) => index < at && one.depth < row.depth);
    } else if (move === undefined) return;
    event.preventDefault();
    if (target !== undefined) onSelect(target.id);
  };

  // Rows are drawn anew only for what is theirs: what they call stays the same.
  const calls = useRef({ onSelect, toggle });
  calls.current = { onSelect, toggle };
  const select = useCallback((id: string) => calls.current.onSelect(id), []);
  const flip = useCallback((row: OutlineRow, open: boolean) => calls.current.toggle(row, open), []);

  return (
    <div
      ref={frame}
      className="runs-tree"
      role="tree"
      tabIndex={0}
      aria-label={t("runs.tree")}
      aria-activedescendant={at >= seen.first && at < seen.last ? `${id}-${at}` : undefined}
      onKeyDown={onKeys}
      onFocus={() => {
        if (at < 0 && shown[0] !== undefined) onSelect(shown[0].id);
      }}
    >
      <div role="presentation" className="runs-tree-all" style={{ height: shown.length * ROW }}>
        {shown.slice(seen.first, seen.last).map((row, index) => (
          <Row
            key={row.id}
            id={`${id}-${seen.first + index}`}
            top={(seen.first + index) * ROW}
            row={row}
            live={live}
            open={row.hasBody ? !closed.has(row.id) : null}
            selected={row.id === selected}
            onSelect={select}
            onToggle={flip}
          />
        ))}
      </div>
    </div>
  );
}

type RowProps = {
  readonly id: string;
  readonly top: number;
  readonly row: OutlineRow;
  readonly live: LiveStore;
  readonly open: boolean | null;
  readonly selected: boolean;
  readonly onSelect: (id: string) => void;
  readonly onToggle: (row: OutlineRow, open: boolean) => void;
};

const Row = memo(function Row({ id, top, row, live, open, selected, onSelect, onToggle }: RowProps) {
  const { t, number, duration } = useLocale();
  const state = useLiveBlock(live, row.id);
  const branch = row.branch === null ? null : branchWord(row.branch, t);
  return (
    // The keys are those of the tree, which holds the focus.
    <div
      id={id}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={selected}
      aria-expanded={open ?? undefined}
      className={["runs-row", selected ? "runs-row-selected" : "", state === null ? "runs-row-idle" : ""]
        .filter(Boolean)
        .join(" ")}
      style={{ top, height: ROW, paddingInlineStart: 8 + Math.min(row.depth, 10) * 18 }}
      onClick={() => onSelect(row.id)}
    >
      {open === null ? (
        <span className="runs-toggle" />
      ) : (
        // The arrow keys of the tree do the same.
        <span
          className="runs-toggle"
          onClick={(event) => {
            event.stopPropagation();
            onToggle(row, !open);
          }}
        >
          <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
        </span>
      )}
      <BlockMark state={state} />
      <span className="runs-row-text">
        <span className="runs-row-name">
          {branch === null ? null : <span className="runs-branch">{branch}</span>}
          <bdi>{row.name}</bdi>
        </span>
        <span className="runs-row-about">
          {row.disabled ? t("runs.block.disabled") : about(state, t, number)}
        </span>
      </span>
      <span className="runs-row-time">
        {state === null || state.executions === 0 ? "" : duration(state.seconds * 1000)}
      </span>
    </div>
  );
});

export function branchWord(branch: Branch, t: Translate): string {
  return typeof branch === "string"
    ? t(`runs.branch.${branch}`)
    : t("runs.branch.case", branch.case, branch.words);
}

/** One line about how a block stands. */
export function about(state: BlockState | null, t: Translate, number: (value: number) => string): string {
  if (state === null) return t("runs.block.none");
  const parts = [blockWord(state.status, t)];
  const progress = state.item !== null && (state.status === "running" || state.status === "unfinished");
  if (progress && state.item !== null)
    parts.push(
      state.records > 0
        ? t("runs.itemOf", number(state.item + 1), number(state.records))
        : t("runs.item", number(state.item + 1)),
    );
  else if (state.records > 0) parts.push(t("count.records", state.records, number(state.records)));
  if (state.executions > 1) parts.push(t("runs.times", number(state.executions)));
  if (state.failed > 0 && state.executions > 1) parts.push(t("runs.failures", number(state.failed)));
  return parts.join(" · ");
}
