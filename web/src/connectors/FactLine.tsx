import type { ConnectorFact } from "@client";
import { useId, useState } from "react";
import { useLocale } from "../i18n";
import { Button, IconButton, Select, TextInput } from "../ui";
import { Confidence } from "./Confidence";
import { aboutWhole, asShown, asText, choicesOf, chosen, fromText, placeOf, readable } from "./facts";
import { choiceText, fieldName } from "./names";

type Props = {
  readonly fact: ConnectorFact;
  readonly threshold: number;
  /** Before the name of the value: what it belongs to. */
  readonly of?: string | undefined;
  /** Without it nothing can be corrected. */
  readonly onCorrect?: ((value: unknown) => void) | undefined;
  /** Takes a correction back that was not sent yet. */
  readonly onUndo?: (() => void) | undefined;
  readonly busy?: boolean;
};

/** One value that was concluded: what it is, how sure that is, who says so, and why; it can be corrected. */
export function FactLine({ fact, threshold, of, onCorrect, onUndo, busy = false }: Props) {
  const { t } = useLocale();
  const [editing, setEditing] = useState(false);
  const { part, field } = placeOf(fact.path);
  const name = fieldName(part, field, t);
  const whole = aboutWhole(fact);
  const shown = asShown(fact.value);
  const by =
    fact.setBy === "human"
      ? t("connectors.by.human")
      : fact.setBy === "probe"
        ? t("connectors.by.probe")
        : t("connectors.by.importer");
  return (
    <li className="connectors-fact">
      <div className="connectors-fact-head">
        <span className="connectors-fact-name">
          {of === undefined ? null : <bdi className="connectors-fact-of">{of}</bdi>}
          <span>{whole ? t("connectors.madeByHand") : name}</span>
        </span>
        {editing || whole ? null : (
          <span className="connectors-fact-value">
            {fact.cut ? (
              <span className="muted">{t("connectors.tooLarge")}</span>
            ) : shown === "" ? (
              <span className="muted">{t("connectors.nothingSaid")}</span>
            ) : (
              <bdi>{choiceText(part, field, shown, t)}</bdi>
            )}
          </span>
        )}
        {editing ? (
          <Editor
            fact={fact}
            name={of === undefined ? name : `${of}: ${name}`}
            onCancel={() => setEditing(false)}
            onSave={(value) => {
              setEditing(false);
              onCorrect?.(value);
            }}
          />
        ) : (
          <span className="connectors-fact-state">
            <Confidence fact={fact} threshold={threshold} />
            <span className="muted">{by}</span>
            {onUndo === undefined ? null : (
              <Button look="bare" icon="undo" onClick={onUndo}>
                {t("action.undo")}
              </Button>
            )}
            {onCorrect === undefined || whole || fact.cut ? null : (
              <>
                {fact.unsure ? (
                  <Button
                    icon="check"
                    busy={busy}
                    aria-label={`${t("connectors.right")}: ${of === undefined ? name : `${of}, ${name}`}`}
                    onClick={() => onCorrect(fact.value)}
                  >
                    {t("connectors.right")}
                  </Button>
                ) : null}
                <IconButton
                  icon="edit"
                  label={t("connectors.correct", of === undefined ? name : `${of}: ${name}`)}
                  onClick={() => setEditing(true)}
                />
              </>
            )}
          </span>
        )}
      </div>
      <Evidence fact={fact} />
    </li>
  );
}

/** Where it stands in the document. */
function Evidence({ fact }: { readonly fact: ConnectorFact }) {
  const { t } = useLocale();
  if (fact.note === "" && fact.evidence.length === 0) return null;
  if (fact.evidence.length === 0) return <p className="connectors-note">{fact.note}</p>;
  return (
    <details className="connectors-why">
      <summary>
        {t("connectors.why")}
        {fact.note === "" ? null : <span className="muted"> – {fact.note}</span>}
      </summary>
      <ul>
        {fact.evidence.map((one) => (
          <li key={one.pointer}>
            <bdi>{readable(one.pointer)}</bdi>
            {one.snippet ? (
              <pre tabIndex={0} aria-label={t("connectors.snippet")}>
                {one.snippet}
              </pre>
            ) : null}
          </li>
        ))}
      </ul>
    </details>
  );
}

type EditorProps = {
  readonly fact: ConnectorFact;
  readonly name: string;
  readonly onSave: (value: unknown) => void;
  readonly onCancel: () => void;
};

function Editor({ fact, name, onSave, onCancel }: EditorProps) {
  const { t } = useLocale();
  const problem = useId();
  const { part, field } = placeOf(fact.path);
  const choices = choicesOf(fact);
  const closed = choices.length > 0;
  const [text, setText] = useState(closed ? asShown(fact.value) : asText(fact.value));
  const [wrong, setWrong] = useState(false);
  return (
    <form
      className="connectors-edit"
      onSubmit={(event) => {
        event.preventDefault();
        try {
          onSave(closed ? chosen(fact, text) : fromText(fact.value, text));
        } catch {
          setWrong(true);
        }
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // The dialog around it stays.
        event.preventDefault();
        event.stopPropagation();
        onCancel();
      }}
    >
      {closed ? (
        <Select
          autoFocus
          aria-label={name}
          options={choices.map((choice) => ({ value: choice, label: choiceText(part, field, choice, t) }))}
          value={text}
          onChange={setText}
        />
      ) : (
        <TextInput
          autoFocus
          aria-label={name}
          aria-invalid={wrong || undefined}
          aria-describedby={wrong ? problem : undefined}
          spellCheck={false}
          value={text}
          onChange={setText}
        />
      )}
      <Button type="submit" look="primary">
        {t("action.save")}
      </Button>
      <Button onClick={onCancel}>{t("action.cancel")}</Button>
      {wrong ? (
        <span id={problem} className="connectors-bad" role="alert">
          {t("connectors.wrongValue")}
        </span>
      ) : null}
    </form>
  );
}
