import { useState } from "react";
import { useLocale } from "../../i18n";
import { Button, Field, Switch, TextArea, TextInput } from "../../ui";
import { nameOf } from "../document";
import { usePanel } from "./context";
import { Fields } from "./InputsTab";
import { isConnectorBlock } from "./queries";
import { guessed, isShown, unknownOf } from "./spec";

/** Name, comment, and how the block is run. The connection of a connector block has a tab of its own. */
export function SettingsTab() {
  const { t } = useLocale();
  const { editor, block, described } = usePanel();
  const { form } = described;
  const all = [...form.inputs, ...form.settings];
  const own = isConnectorBlock(block);
  const settings = form.settings.filter(
    (one) => !(own && one.id === "datasource") && isShown(one, all, block),
  );
  const unknown = unknownOf(block, form).settings.filter((one) => !(own && one.id === "datasource"));
  const coalesce = (field: string) => ({ coalesce: `${block.id}/${field}` });
  return (
    <>
      <Field label={t("panel.displayName")} hint={t("panel.displayNameHint")}>
        {(wired) => (
          <TextInput
            {...wired}
            dir="auto"
            value={block.displayName ?? ""}
            readOnly={editor.readOnly}
            onChange={(displayName) =>
              editor.editBlock(block.id, (now) => ({ ...now, displayName }), coalesce("displayName"))
            }
          />
        )}
      </Field>
      {block.type === "VariableBlock" ? null : <Name />}
      <Field label={t("panel.comment")}>
        {(wired) => (
          <TextArea
            {...wired}
            dir="auto"
            rows={2}
            value={block.comment ?? ""}
            readOnly={editor.readOnly}
            onChange={(comment) =>
              editor.editBlock(block.id, (now) => ({ ...now, comment }), coalesce("comment"))
            }
          />
        )}
      </Field>
      {block.type === "StartBlock" ? null : (
        <div className="field">
          <Switch
            label={t("panel.disabled")}
            checked={block.disabled === true}
            disabled={editor.readOnly}
            onChange={(disabled) => editor.editBlock(block.id, (now) => ({ ...now, disabled }))}
          />
        </div>
      )}
      {settings.length > 0 ? <h3 className="panel-heading">{t("panel.whenItRuns")}</h3> : null}
      <Fields specs={settings.filter((one) => !one.advanced)} />
      {settings.some((one) => one.advanced) ? (
        <details className="panel-more">
          <summary>{t("panel.moreSettings")}</summary>
          <Fields specs={settings.filter((one) => one.advanced)} />
        </details>
      ) : null}
      {unknown.length > 0 ? (
        <section className="panel-section">
          <h3>{t("panel.unknownSettings")}</h3>
          <Fields specs={unknown.map((one) => guessed(one, "setting"))} />
        </section>
      ) : null}
    </>
  );
}

/** The name that formulas read; formulas that use it follow when it is changed, so that it is taken over as a whole. */
function Name() {
  const { t } = useLocale();
  const { editor, block } = usePanel();
  const now = nameOf(block);
  const [typed, setTyped] = useState(now);
  const [got, setGot] = useState<string | null>(null);
  const [seen, setSeen] = useState(now);
  // Renamed elsewhere, by an undo say: the field follows, and whoever is in it stays there.
  if (seen !== now) {
    setSeen(now);
    setTyped(now);
  }
  const rename = () => {
    if (typed.trim() === "" || typed === now) return setTyped(now);
    const name = editor.rename(block.id, typed.trim());
    setTyped(name);
    setGot(name === typed.trim() ? null : name);
  };
  return (
    <Field
      label={t("panel.referenceName")}
      hint={got === null ? t("panel.referenceNameHint", now) : t("panel.nameTaken", got)}
    >
      {(wired) => (
        <form
          className="control-row"
          onSubmit={(event) => {
            event.preventDefault();
            rename();
          }}
        >
          <TextInput
            {...wired}
            value={typed}
            readOnly={editor.readOnly}
            spellCheck={false}
            onChange={setTyped}
            onBlur={rename}
          />
          {typed === now || editor.readOnly ? null : (
            <Button type="submit" icon="check">
              {t("panel.rename")}
            </Button>
          )}
        </form>
      )}
    </Field>
  );
}
