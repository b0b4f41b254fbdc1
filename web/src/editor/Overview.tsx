import { useMemo } from "react";
import { useLocale } from "../i18n";
import { Dialog } from "../ui";
import { useEditing } from "./context";
import { blockOf } from "./document";
import { useEditor } from "./hooks";
import { indentOf, rowsOf } from "./rows";

const LINE = 5;
const COLUMN = 320;
const PER_COLUMN = 110;
const NOTHING: ReadonlySet<string> = new Set();

/** The shape of the whole automation at a glance; the tree beside it tells the same in words. */
export function Overview({ onClose }: { readonly onClose: () => void }) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const doc = useEditor(editor, (now) => now.doc);
  const current = useEditor(editor, (now) => now.current);
  const rows = useMemo(() => rowsOf(doc, NOTHING).filter((row) => row.kind === "block"), [doc]);
  const columns = Math.max(1, Math.ceil(rows.length / PER_COLUMN));
  const height = Math.min(rows.length, PER_COLUMN) * LINE;
  return (
    <Dialog title={t("editor.overview")} onClose={onClose} wide>
      <svg
        className="editor-overview"
        role="img"
        aria-label={t("editor.overviewText", rows.length)}
        viewBox={`0 0 ${columns * COLUMN} ${height}`}
      >
        {rows.map((row, at) => {
          const block = blockOf(doc, row.id);
          const inset = Math.min(COLUMN - 80, indentOf(row) * 24);
          const look =
            row.id === current
              ? "now"
              : block?.disabled === true
                ? "off"
                : row.open === null
                  ? "plain"
                  : "holds";
          return (
            <rect
              key={row.id}
              className={`editor-overview-${look}`}
              x={Math.floor(at / PER_COLUMN) * COLUMN + inset}
              y={(at % PER_COLUMN) * LINE}
              width={row.open === null ? 150 : 200}
              height={LINE - 1}
              rx={1}
            />
          );
        })}
      </svg>
    </Dialog>
  );
}
