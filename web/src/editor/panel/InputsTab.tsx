import { useMemo } from "react";
import { useLocale } from "../../i18n";
import { Empty, IconButton, Loading, Problem } from "../../ui";
import { usePanel } from "./context";
import { FieldEditor } from "./FieldEditor";
import { isRecord, MappingBar } from "./MappingBar";
import { Placeholder } from "./Placeholder";
import { guessed, isShown, type Spec, unknownOf } from "./spec";

/** The block's own form. What nobody describes is below it, and stays as it is. */
export function InputsTab() {
  const { t } = useLocale();
  const { editor, block, described } = usePanel();
  const { form } = described;
  const all = useMemo(() => [...form.inputs, ...form.settings], [form]);
  if (described.loading) return <Loading />;
  if (described.error !== null && described.error !== undefined) return <Problem error={described.error} />;
  const shown = form.inputs.filter((one) => isShown(one, all, block));
  const plain = shown.filter((one) => !one.advanced);
  const more = shown.filter((one) => one.advanced);
  const unknown = unknownOf(block, form).inputs;
  return (
    <>
      {described.placeholder ? <Placeholder /> : null}
      {isRecord(block, plain) ? (
        <MappingBar specs={plain}>{(found) => <Fields specs={found} />}</MappingBar>
      ) : (
        <Fields specs={plain} />
      )}
      {more.length > 0 ? (
        <details className="panel-more">
          <summary>{t("panel.moreInputs", more.length)}</summary>
          <Fields specs={more} />
        </details>
      ) : null}
      {unknown.length > 0 ? (
        <section className="panel-section">
          {described.placeholder ? null : <h3>{t("panel.unknownInputs")}</h3>}
          {described.placeholder ? null : <p className="field-hint">{t("panel.unknownInputsText")}</p>}
          {unknown.map((one) => (
            <div key={one.id} className="panel-unknown">
              <FieldEditor spec={guessed(one, "input")} />
              {described.placeholder || editor.readOnly ? null : (
                <IconButton
                  icon="trash"
                  label={t("panel.removeInput", one.id)}
                  onClick={() =>
                    editor.editBlock(block.id, (now) => ({
                      ...now,
                      inputs: (now.inputs ?? []).filter((entry) => entry.id !== one.id),
                    }))
                  }
                />
              )}
            </div>
          ))}
        </section>
      ) : null}
      {shown.length === 0 && unknown.length === 0 && !described.placeholder ? (
        <Empty title={t("panel.noInputs")} text={t("panel.noInputsText")} />
      ) : null}
    </>
  );
}

export function Fields({ specs }: { readonly specs: readonly Spec[] }) {
  return specs.map((one) => <FieldEditor key={`${one.where}/${one.id}`} spec={one} />);
}
