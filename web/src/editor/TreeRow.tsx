import { memo, type PointerEvent, useCallback } from "react";
import { useLocale } from "../i18n";
import { useLiveBlock } from "../runs/live";
import { Icon, iconNamed, Logo } from "../ui";
import { useEditing } from "./context";
import { type Block, blockOf, type Edge, titleOf } from "./document";
import { useBlock, useEditor, useIssues } from "./hooks";
import { type BlockRow, type BranchRow, indentOf, ROW_HEIGHT, type Row } from "./rows";
import type { Snapshot } from "./store";
import { drawn, isUnbound, summaryOf } from "./summary";
import { STEP } from "./useDrag";
import { branchWord } from "./words";

export type RowEvents = {
  readonly begin: (event: PointerEvent, id: string) => void;
  readonly menu: (id: string, from: DOMRect) => void;
  readonly fold: (id: string, folded: boolean) => void;
};

type Props = {
  readonly row: Row;
  readonly index: number;
  readonly active: boolean;
  readonly id: string;
  readonly events: RowEvents;
};

export const TreeRow = memo(function TreeRow(props: Props) {
  return props.row.kind === "block" ? (
    <BlockItem {...props} row={props.row} />
  ) : (
    <BranchItem {...props} row={props.row} />
  );
});

function spaceOf(index: number, row: Row) {
  return { transform: `translateY(${index * ROW_HEIGHT}px)`, paddingInlineStart: 8 + indentOf(row) * STEP };
}

function BranchItem({ row, index, active, id }: Props & { readonly row: BranchRow }) {
  const { editor, pick } = useEditing();
  const { t } = useLocale();
  const block = useBlock(editor, row.parent);
  const word = branchWord(block, row.edge, t);
  const name = block === undefined ? "" : titleOf(block);
  return (
    <div
      id={id}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={false}
      aria-expanded={row.empty ? undefined : true}
      aria-label={row.empty ? `${word} ${t("editor.empty")}` : t("editor.branchOf", word, name)}
      className={active ? "editor-row editor-branch editor-active" : "editor-row editor-branch"}
      style={spaceOf(index, row)}
      data-key={row.key}
    >
      <Guides count={indentOf(row)} />
      <span className={`editor-edge editor-edge-${toneOf(row.edge)}`}>{word}</span>{" "}
      {row.empty ? <span className="editor-quiet">{t("editor.empty")}</span> : null}
      {editor.readOnly ? null : (
        <button
          type="button"
          tabIndex={-1}
          className="editor-plus"
          aria-label={t("editor.addInto", t("editor.branchOf", word, name))}
          onClick={(event) => {
            event.stopPropagation();
            pick({ parent: row.parent, edge: row.edge });
          }}
        >
          <Icon name="plus" size={14} />
        </button>
      )}
    </div>
  );
}

function toneOf(edge: Edge): string {
  if (edge === "childTrueId" || edge === "tryChildId") return "good";
  if (edge === "childFalseId" || edge === "catchChildId") return "bad";
  return "plain";
}

function BlockItem({ row, index, active, id, events }: Props & { readonly row: BlockRow }) {
  const { editor, pick } = useEditing();
  const { t } = useLocale();
  const block = useBlock(editor, row.id);
  const isSelected = useCallback((now: Snapshot) => now.selected.has(row.id), [row.id]);
  const selected = useEditor(editor, isSelected);
  if (block === undefined) return null;
  const name = titleOf(block);
  const look = [
    "editor-row",
    active ? "editor-active" : "",
    selected ? "editor-selected" : "",
    block.disabled === true ? "editor-off" : "",
  ];
  return (
    <div
      id={id}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={selected}
      aria-expanded={row.open ?? undefined}
      className={look.filter(Boolean).join(" ")}
      style={spaceOf(index, row)}
      data-key={row.key}
      data-type={block.type}
      onPointerDown={(event) => {
        if (event.pointerType === "mouse") events.begin(event, row.id);
      }}
    >
      <Guides count={indentOf(row)} />
      {row.open === null ? (
        <span className="editor-chevron" />
      ) : (
        <button
          type="button"
          tabIndex={-1}
          className="editor-chevron"
          aria-label={row.open ? t("json.collapse", name) : t("json.expand", name)}
          onClick={(event) => {
            event.stopPropagation();
            events.fold(row.id, row.open === true);
          }}
        >
          <Icon name={row.open ? "chevronDown" : "chevronRight"} size={14} />
        </button>
      )}
      <Picture block={block} />
      <Words block={block} name={name} />
      <Marks block={block} loose={row.loose} />
      {editor.readOnly ? null : (
        <>
          <span
            className="editor-handle"
            aria-hidden="true"
            onPointerDown={(event) => {
              event.stopPropagation();
              events.begin(event, row.id);
            }}
          >
            <Icon name="drag" size={14} />
          </span>
          <button
            type="button"
            tabIndex={-1}
            className="editor-dots"
            aria-haspopup="menu"
            aria-label={t("editor.blockMenu", name)}
            onClick={(event) => {
              event.stopPropagation();
              events.menu(row.id, event.currentTarget.getBoundingClientRect());
            }}
          >
            <Icon name="more" size={14} />
          </button>
          {row.open === true ? null : (
            <button
              type="button"
              tabIndex={-1}
              className="editor-between"
              style={{ insetInlineStart: 40 + indentOf(row) * STEP }}
              aria-label={t("editor.addAfter", name)}
              onClick={(event) => {
                event.stopPropagation();
                pick({ parent: row.id, edge: "childId" });
              }}
            >
              <Icon name="plus" size={12} />
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** Name and summary; the summary reads other blocks only for their names, so that it need not follow them. */
function Words({ block, name }: { readonly block: Block; readonly name: string }) {
  const { editor } = useEditing();
  const summary = summaryOf(block, editor.getSnapshot().doc);
  return (
    <span className="editor-words">
      <bdi className="editor-title">{name}</bdi>
      {summary === "" ? null : <bdi className="editor-summary">{summary}</bdi>}
    </span>
  );
}

/** Lines that tell how deep a row is. */
function Guides({ count }: { readonly count: number }) {
  return Array.from({ length: count }, (_, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are their places
    <span key={at} className="editor-guide" style={{ insetInlineStart: 18 + at * STEP }} />
  ));
}

export function Picture({ block }: { readonly block: Block }) {
  const { catalog } = useEditing();
  const guid = block.datasourcetype_guid;
  const connector = guid === undefined ? undefined : catalog.byGuid.get(guid);
  if (connector !== undefined) return <Logo name={connector.name} src={connector.logoSmall} size={24} />;
  if (guid !== undefined && block.type !== "StartBlock") return <Logo name={titleOf(block)} size={24} />;
  const type = catalog.types.get(block.type);
  return (
    <span className={`editor-icon editor-icon-${type?.group ?? "none"}`}>
      <Icon name={iconNamed(drawn(type?.icon ?? ""), "block")} size={14} />
    </span>
  );
}

function Marks({ block, loose }: { readonly block: Block; readonly loose: boolean }) {
  const { editor, live } = useEditing();
  const { t } = useLocale();
  const state = useLiveBlock(live, block.id);
  const issues = useIssues(editor, block.id);
  const status = state?.status ?? "none";
  const bad = issues.some((one) => one.severity === "error");
  return (
    <span className="editor-marks">
      {loose ? <span className="editor-tag">{t("editor.loose")}</span> : null}
      {block.disabled === true ? <span className="editor-tag">{t("editor.disabled")}</span> : null}
      {isUnbound(block) ? <span className="editor-tag editor-tag-warn">{t("editor.unbound")}</span> : null}
      {block.comment === undefined || block.comment === "" ? null : (
        <span className="editor-mark" title={block.comment}>
          <Icon name="comment" size={14} />
          <span className="visually-hidden">{`${t("editor.comment")}: ${block.comment.slice(0, 200)}`}</span>
        </span>
      )}
      {issues.length === 0 ? null : (
        <span className={bad ? "editor-mark editor-bad" : "editor-mark editor-warn"} title={issues[0]?.text}>
          <Icon name={bad ? "error" : "warning"} size={14} />
          <span className="visually-hidden">{t("editor.findings", issues.length)}</span>
        </span>
      )}
      {status === "none" ? null : (
        <span className={`editor-mark editor-run-${status}`} title={t(`editor.status.${status}`)}>
          {state !== null && state.executions > 1 ? (
            <span className="editor-count">{state.executions}×</span>
          ) : null}
          <Icon name={MARKS[status]} size={14} />
          <span className="visually-hidden">{t(`editor.status.${status}`)}</span>
        </span>
      )}
    </span>
  );
}

const MARKS = {
  none: "block",
  running: "play",
  ok: "check",
  failed: "error",
  warning: "warning",
  replayed: "pin",
  unfinished: "pause",
} as const;

/** The name that a block bears on the screen, for messages. */
export function nameIn(snapshot: Snapshot, id: string): string {
  const block = blockOf(snapshot.doc, id);
  return block === undefined ? "" : titleOf(block);
}
