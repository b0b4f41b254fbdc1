import { useState } from "react";
import { useLocale } from "../i18n";
import {
  Button,
  Checkbox,
  Combobox,
  Field,
  FieldGroup,
  Icon,
  Markdown,
  Search,
  SecretInput,
  Select,
  TextArea,
  TextInput,
  told,
} from "../ui";
import { type Asked, text } from "./fields";
import { Mapping, Pairs } from "./Pairs";
import { useChoices } from "./useChoices";

type Props = {
  readonly asked: Asked;
  readonly value: unknown;
  readonly error: string | undefined;
  readonly onChange: (value: unknown) => void;
  readonly onPress: () => void;
  readonly busy: boolean;
};

const FEW = 12;
const MOST = 200;
const LONG = 120;

/** One question of a step, by the kind of its form element. */
export function Question({ asked, value, error, onChange, onPress, busy }: Props) {
  switch (asked.kind) {
    case "button":
      return (
        <div className="templates-button">
          {asked.help === "" ? null : <Markdown text={asked.help} />}
          <Button busy={busy} onClick={onPress}>
            <bdi>{asked.label}</bdi>
          </Button>
        </div>
      );
    case "object":
      return <Pairs asked={asked} value={value} error={error} onChange={onChange} />;
    case "field_mapping":
      return <Mapping asked={asked} value={value} error={error} onChange={onChange} />;
    case "multi_select":
      return <Several asked={asked} value={value} error={error} onChange={onChange} />;
    case "select":
      return <One asked={asked} value={value} error={error} onChange={onChange} />;
    case "input":
      return <Written asked={asked} value={value} error={error} onChange={onChange} />;
  }
}

export type ControlProps = Pick<Props, "asked" | "value" | "error" | "onChange">;

export function Help({ asked, more }: { readonly asked: Asked; readonly more?: string | undefined }) {
  if (asked.help === "" && more === undefined) return null;
  return (
    <>
      {asked.help === "" ? null : <Markdown text={asked.help} />}
      {more}
    </>
  );
}

/** The error of a group of controls, which no single one of them can carry. */
export function GroupError({ error }: { readonly error: string | undefined }) {
  if (error === undefined) return null;
  return (
    <div className="field-error" role="alert">
      <Icon name="error" /> {error}
    </div>
  );
}

function hintOf(asked: Asked, more?: string) {
  return asked.help === "" && more === undefined ? undefined : <Help asked={asked} more={more} />;
}

function Written({ asked, value, error, onChange }: ControlProps) {
  const { t } = useLocale();
  const said = text(value);
  return (
    <Field
      label={<bdi>{asked.label}</bdi>}
      hint={hintOf(asked, asked.kept && asked.secret ? t("templates.newSecret") : undefined)}
      error={error}
      required={asked.required}
    >
      {(wired) =>
        asked.secret ? (
          <SecretInput {...wired} value={said} onChange={onChange} />
        ) : said.length > LONG || said.includes("\n") ? (
          <TextArea {...wired} value={said} onChange={onChange} />
        ) : (
          <TextInput {...wired} value={said} onChange={onChange} />
        )
      }
    </Field>
  );
}

function One({ asked, value, error, onChange }: ControlProps) {
  const { t } = useLocale();
  const { choices, loading, error: failed, retry } = useChoices(asked.choices);
  const open = asked.choices === null || failed !== null;
  const hint = loading
    ? t("templates.loading")
    : failed !== null
      ? told(failed, t).join(" ")
      : asked.choices === null
        ? t("templates.connectFirst")
        : undefined;
  return (
    <Field
      label={<bdi>{asked.label}</bdi>}
      hint={hintOf(asked, hint)}
      error={error}
      required={asked.required}
      aside={
        failed === null ? undefined : (
          <Button look="bare" icon="refresh" onClick={retry}>
            {t("action.retry")}
          </Button>
        )
      }
    >
      {(wired) =>
        !open && choices !== null && choices.length <= FEW ? (
          <Select
            {...wired}
            {...(!(asked.required && text(value) !== "") && { empty: t("templates.choose") })}
            options={choices}
            value={text(value)}
            onChange={onChange}
          />
        ) : (
          <Combobox
            {...wired}
            options={choices ?? []}
            value={text(value)}
            onChange={onChange}
            free={open}
            busy={loading}
            placeholder={t("templates.choose")}
          />
        )
      }
    </Field>
  );
}

function Several({ asked, value, error, onChange }: ControlProps) {
  const { t } = useLocale();
  const [wanted, setWanted] = useState("");
  const { choices, loading, error: failed } = useChoices(asked.choices);
  const chosen = Array.isArray(value) ? value.map(text) : [];
  if (choices === null) {
    const hint = loading ? t("templates.loading") : failed !== null ? told(failed, t).join(" ") : undefined;
    return (
      <Field
        label={<bdi>{asked.label}</bdi>}
        hint={hintOf(asked, [hint, t("templates.listHint")].filter(Boolean).join(" "))}
        error={error}
        required={asked.required}
      >
        {(wired) => (
          <TextArea
            {...wired}
            value={chosen.join("\n")}
            onChange={(lines) => onChange(lines === "" ? [] : lines.split("\n"))}
          />
        )}
      </Field>
    );
  }
  const found = choices.filter(({ label }) => label.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <FieldGroup
      legend={
        <>
          <bdi>{asked.label}</bdi>
          {asked.required ? <span className="field-required"> ({t("state.required")})</span> : null}
        </>
      }
      hint={hintOf(asked)}
    >
      {choices.length > FEW ? (
        <Search label={t("templates.filter")} value={wanted} onChange={setWanted} />
      ) : null}
      <div className="templates-choices">
        {found.slice(0, MOST).map((choice) => (
          <Checkbox
            key={choice.value}
            label={<bdi>{choice.label}</bdi>}
            checked={chosen.includes(choice.value)}
            onChange={(on) =>
              onChange(on ? [...chosen, choice.value] : chosen.filter((one) => one !== choice.value))
            }
          />
        ))}
      </div>
      <GroupError error={error} />
    </FieldGroup>
  );
}
