import { useLocale } from "../../../i18n";
import { Button, IconButton } from "../../../ui";
import { casesOf, isObject, type Json } from "../../document";
import { addCase, moveCase, removeCase } from "../../edits";
import { FormulaInput } from "../../formula/FormulaInput";
import { usePanel } from "../context";
import { asText } from "../values";

/** The cases of a case block. Each leads to a branch of its own, so that they are added, moved and removed together. */
export function StatementsField() {
  const { t } = useLocale();
  const { editor, block } = usePanel();
  const cases = casesOf(block);
  const readOnly = editor.readOnly;
  const set = (at: number, value: string) =>
    editor.editBlock(
      block.id,
      (now) => ({
        ...now,
        statements: casesOf(now).map((one, index) => (index === at ? written(one, value) : one)),
      }),
      {
        coalesce: `${block.id}/statements/${at}`,
      },
    );
  return (
    <div className="panel-rows">
      {cases.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a case has nothing else to be known by
        <div key={at} className="panel-row">
          <FormulaInput
            label={t("panel.case", at + 1)}
            value={asText(isObject(one) ? one["value"] : one)}
            onChange={(value) => set(at, value)}
          />
          {readOnly ? null : (
            <span className="panel-arrange">
              <IconButton
                icon="arrowUp"
                label={t("panel.moveUp", at + 1)}
                disabled={at === 0}
                onClick={() => editor.edit((doc) => moveCase(doc, block.id, at, at - 1))}
              />
              <IconButton
                icon="arrowDown"
                label={t("panel.moveDown", at + 1)}
                disabled={at === cases.length - 1}
                onClick={() => editor.edit((doc) => moveCase(doc, block.id, at, at + 1))}
              />
              <IconButton
                icon="trash"
                label={t("panel.removeRow", at + 1)}
                onClick={() => editor.edit((doc) => removeCase(doc, block.id, at))}
              />
            </span>
          )}
        </div>
      ))}
      {readOnly ? null : (
        <div className="panel-actions">
          <Button icon="plus" onClick={() => editor.edit((doc) => addCase(doc, block.id))}>
            {t("panel.addCase")}
          </Button>
        </div>
      )}
    </div>
  );
}

function written(before: Json, value: string): Json {
  return isObject(before) ? { ...before, value } : value;
}
