import { useState } from "react";
import { useLocale } from "../i18n";
import {
  Checkbox,
  Field,
  FieldGroup,
  IconButton,
  SecretInput,
  Select,
  TextArea,
  TextInput,
  type Wired,
} from "../ui";
import { type Answers, type AuthField, chosenOf, toggled } from "./methods";

type Props = {
  readonly fields: readonly AuthField[];
  readonly answers: Answers;
  /** Ids of secrets that the server has already. */
  readonly kept: ReadonlySet<string>;
  readonly errors: Readonly<Record<string, string>>;
  readonly onAnswer: (id: string, answer: string) => void;
};

/** What a way to sign in asks for. Secrets go in, and the server never shows them again. */
export function AuthFields({ fields, answers, kept, errors, onAnswer }: Props) {
  return fields.map((field) => (
    <One
      key={field.id}
      field={field}
      answer={answers[field.id] ?? ""}
      kept={kept.has(field.id)}
      error={errors[field.id]}
      onAnswer={(answer) => onAnswer(field.id, answer)}
    />
  ));
}

type OneProps = {
  readonly field: AuthField;
  readonly answer: string;
  readonly kept: boolean;
  readonly error: string | undefined;
  readonly onAnswer: (answer: string) => void;
};

function One({ field, answer, kept, error, onAnswer }: OneProps) {
  const { t } = useLocale();
  const required = field.required && !(field.secret && kept);
  const hint = [field.help, field.secret && kept ? t("connections.keptSecret") : ""]
    .filter(Boolean)
    .join(" ");
  if (field.kind === "flag") {
    return (
      <Checkbox
        label={field.label}
        checked={answer === "true"}
        onChange={(on) => onAnswer(String(on))}
        {...(hint && { hint })}
      />
    );
  }
  if (field.kind === "several") {
    const chosen = new Set(chosenOf(field, answer));
    return (
      <details className="connections-more" open={answer !== "" || required}>
        <summary>{t("connections.chosenOf", field.label, chosen.size, field.choices.length)}</summary>
        <FieldGroup legend={field.label} {...(hint && { hint })}>
          {field.choices.map((choice) => (
            <Checkbox
              key={choice}
              label={<bdi>{choice}</bdi>}
              checked={chosen.has(choice)}
              onChange={() => onAnswer(toggled(field, answer, choice))}
            />
          ))}
        </FieldGroup>
      </details>
    );
  }
  return (
    <Field label={field.label} required={required} {...(hint && { hint })} {...(error && { error })}>
      {(wired) => (
        <Control wired={wired} field={field} answer={answer} required={required} onAnswer={onAnswer} />
      )}
    </Field>
  );
}

type ControlProps = Omit<OneProps, "kept" | "error"> & { readonly wired: Wired; readonly required: boolean };

function Control({ wired, field, answer, required, onAnswer }: ControlProps) {
  switch (field.kind) {
    case "secret":
      return <SecretInput {...wired} autoComplete="new-password" value={answer} onChange={onAnswer} />;
    case "long-secret":
      return <LongSecret wired={wired} answer={answer} onAnswer={onAnswer} />;
    case "choice":
      return (
        <Select
          {...wired}
          options={field.choices.map((choice) => ({ value: choice, label: choice }))}
          value={answer}
          onChange={onAnswer}
          {...(required && answer !== "" ? {} : { empty: "–" })}
        />
      );
    case "long":
      return <TextArea {...wired} rows={5} value={answer} onChange={onAnswer} />;
    default:
      return (
        <TextInput
          {...wired}
          value={answer}
          autoComplete="off"
          spellCheck={false}
          onChange={onAnswer}
          {...(field.kind === "number" && { inputMode: "decimal" as const })}
        />
      );
  }
}

/** A key of several lines, which only a text area keeps; masked by the style sheet until it is shown. */
function LongSecret(props: {
  readonly wired: Wired;
  readonly answer: string;
  readonly onAnswer: (answer: string) => void;
}) {
  const [shown, setShown] = useState(false);
  const { t } = useLocale();
  return (
    <div className="control-row">
      <TextArea
        {...props.wired}
        rows={5}
        className={shown ? "" : "connections-masked"}
        value={props.answer}
        autoComplete="off"
        spellCheck={false}
        onChange={props.onAnswer}
      />
      <IconButton
        icon="eye"
        look="plain"
        label={t(shown ? "action.hide" : "action.reveal")}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
      />
    </div>
  );
}
