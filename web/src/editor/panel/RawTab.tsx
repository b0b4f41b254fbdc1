import { useState } from "react";
import { useLocale } from "../../i18n";
import { Button, Field, TextArea } from "../../ui";
import { type Block, isObject } from "../document";
import { usePanel } from "./context";
import { readJson } from "./values";

const KEPT = new Set(["id", "type"]);
const EDGES =
  /^(?:childId|loopBlockId|child(?:True|False)Id|tryChildId|catchChildId|defaultChildId|statementChildrenIds)$/;

/** The block as the document has it, with what the forms do not know. Who it leads to is changed in the tree only. */
export function RawTab() {
  const { t } = useLocale();
  const { editor, block } = usePanel();
  const own = Object.fromEntries(Object.entries(block).filter(([field]) => !EDGES.test(field)));
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? JSON.stringify(own, null, 2);
  const read = typed === null ? null : readJson(typed);
  const problem =
    read === null
      ? null
      : "error" in read
        ? t("panel.notJson", read.error)
        : !isObject(read.value)
          ? t("panel.notObject")
          : null;
  const apply = () => {
    if (read === null || !("value" in read) || !isObject(read.value)) return;
    const wanted = read.value;
    editor.editBlock(block.id, (now) => {
      const kept = Object.entries(now).filter(([field]) => KEPT.has(field) || EDGES.test(field));
      const given = Object.entries(wanted).filter(([field]) => !KEPT.has(field) && !EDGES.test(field));
      return Object.fromEntries([...kept, ...given]) as Block;
    });
    setTyped(null);
  };
  return (
    <>
      <Field label={t("panel.raw")} hint={t("panel.rawHint")} error={problem ?? undefined}>
        {(wired) => (
          <TextArea
            {...wired}
            className="panel-mono"
            rows={Math.min(28, text.split("\n").length + 1)}
            spellCheck={false}
            readOnly={editor.readOnly}
            value={text}
            onChange={setTyped}
          />
        )}
      </Field>
      {typed === null || editor.readOnly ? null : (
        <div className="panel-actions">
          <Button look="primary" icon="check" disabled={problem !== null} onClick={apply}>
            {t("panel.apply")}
          </Button>
          <Button onClick={() => setTyped(null)}>{t("action.cancel")}</Button>
        </div>
      )}
    </>
  );
}
