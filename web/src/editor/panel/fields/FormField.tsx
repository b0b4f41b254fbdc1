import { useState } from "react";
import { useLocale } from "../../../i18n";
import { Button, Field, Menu, Select, Switch, TextArea, TextInput } from "../../../ui";
import { newId } from "../../clip";
import { isObject, type Json } from "../../document";
import { usePanel } from "../context";
import type { EditorProps } from "../FieldEditor";
import { specOf } from "../spec";
import { asFlag, asText, isFlag, pairsOf, writePairs } from "../values";
import { JsonField } from "./JsonField";
import { Arrange } from "./ListField";
import { Rows } from "./ObjectField";

type Element = { readonly [field: string]: Json };

/** The questions that a run begins with. What a kind of question does not know stays in it. */
export default function FormField({ spec, value, onChange, readOnly }: EditorProps) {
  const { t } = useLocale();
  const { described } = usePanel();
  const [open, setOpen] = useState<number | null>(null);
  const told = described.structures["form"];
  const kinds = (isObject(told) && Array.isArray(told["elements"]) ? told["elements"] : []).filter(isObject);
  if (value !== null && value !== "" && !Array.isArray(value)) {
    return <JsonField label={spec.label} value={value} onChange={onChange} readOnly={readOnly} />;
  }
  const elements = (Array.isArray(value) ? value : []).filter(isObject);
  const write = (next: readonly Element[]) =>
    onChange(
      next.map((one, order) =>
        one["order"] === undefined || one["order"] === order ? one : { ...one, order },
      ),
    );
  const set = (at: number, patch: Element) =>
    write(elements.map((one, index) => (index === at ? { ...one, ...patch } : one)));
  return (
    <div className="panel-rows">
      {elements.map((one, at) => {
        const kind = kinds.find((entry) => entry["type"] === one["type"]);
        const title = asText(one["label"]) || t("panel.questionNumber", at + 1);
        return (
          <div key={asText(one["id"]) || at} className="panel-question">
            <div className="panel-question-head">
              <Button
                look="bare"
                icon={open === at ? "chevronDown" : "chevronRight"}
                aria-expanded={open === at}
                onClick={() => setOpen(open === at ? null : at)}
              >
                <bdi>{title}</bdi>
              </Button>
              <span className="field-hint">
                {kind === undefined ? asText(one["type"]) : asText(kind["title"])}
              </span>
              <Arrange items={elements} at={at} onChange={write} readOnly={readOnly} />
            </div>
            {open === at ? (
              <Question
                element={one}
                kind={kind}
                kinds={kinds}
                onChange={(patch) => set(at, patch)}
                readOnly={readOnly}
              />
            ) : null}
          </div>
        );
      })}
      {readOnly ? null : (
        <Menu
          label={t("panel.addQuestion")}
          look="plain"
          items={kinds.map((kind) => ({
            label: asText(kind["title"]),
            onSelect: () => {
              setOpen(elements.length);
              const empty = isObject(kind["empty"]) ? kind["empty"] : {};
              write([...elements, { id: newId(), ...empty, order: elements.length }]);
            },
          }))}
        >
          {t("panel.addQuestion")}
        </Menu>
      )}
    </div>
  );
}

type QuestionProps = {
  readonly element: Element;
  readonly kind: Element | undefined;
  readonly kinds: readonly Element[];
  readonly onChange: (patch: Element) => void;
  readonly readOnly: boolean;
};

function Question({ element, kind, kinds, onChange, readOnly }: QuestionProps) {
  const { t } = useLocale();
  const listed = Array.isArray(kind?.["fields"]) ? kind["fields"] : [];
  const specs = listed.filter(isObject).map((one) => specOf(one, "field"));
  return (
    <div className="panel-question-body">
      <Field label={t("panel.questionKind")}>
        {(wired) => (
          <Select
            {...wired}
            options={kinds.map((one) => ({ value: asText(one["type"]), label: asText(one["title"]) }))}
            value={asText(element["type"])}
            disabled={readOnly}
            onChange={(type) => onChange({ type })}
          />
        )}
      </Field>
      {specs.map((spec) => (
        <Field
          key={spec.id}
          label={spec.label}
          required={spec.required}
          hint={spec.help === "" || spec.id === "options" ? undefined : spec.help}
        >
          {(wired) => (
            <Part
              spec={spec}
              wired={wired}
              value={element[spec.id] ?? null}
              onChange={(value) => onChange({ [spec.id]: value })}
              readOnly={readOnly}
            />
          )}
        </Field>
      ))}
    </div>
  );
}

type PartProps = Pick<EditorProps, "spec" | "wired" | "value" | "readOnly"> & {
  readonly onChange: (value: Json) => void;
};

function Part({ spec, wired, value, onChange, readOnly }: PartProps) {
  if (spec.id === "options")
    return <Options label={spec.label} value={value} onChange={onChange} readOnly={readOnly} />;
  if (spec.type === "boolean") {
    return (
      <Switch
        bare
        label={spec.label}
        checked={isFlag(value)}
        disabled={readOnly}
        onChange={(on) => onChange(asFlag(on, value, spec.default))}
      />
    );
  }
  if (spec.type === "object" || spec.type === "mapping") {
    const pairs = pairsOf(value, "object");
    if (pairs !== null)
      return (
        <Rows
          label={spec.label}
          pairs={pairs.pairs}
          onChange={(next) => onChange(writePairs(next, pairs.form))}
          readOnly={readOnly}
        />
      );
  }
  if (typeof value === "object" && value !== null)
    return (
      <JsonField label={spec.label} value={value} onChange={onChange} readOnly={readOnly} wired={wired} />
    );
  if (spec.type === "longtext")
    return <TextArea {...wired} rows={2} value={asText(value)} readOnly={readOnly} onChange={onChange} />;
  return <TextInput {...wired} value={asText(value)} readOnly={readOnly} onChange={onChange} />;
}

/** Choices of a question: what is kept, and what people read. */
function Options({
  label,
  value,
  onChange,
  readOnly,
}: {
  readonly label: string;
  readonly value: Json;
  readonly onChange: (value: Json) => void;
  readonly readOnly: boolean;
}) {
  const { t } = useLocale();
  if (value !== null && value !== "" && !Array.isArray(value))
    return <JsonField label={label} value={value} onChange={onChange} readOnly={readOnly} />;
  const options: readonly Json[] = Array.isArray(value) ? value : [];
  const set = (at: number, next: Json) => onChange(options.map((one, index) => (index === at ? next : one)));
  return (
    <div className="panel-rows">
      {options.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: values change while they are typed
        <div key={at} className="panel-pair">
          {isObject(one) ? (
            <>
              <TextInput
                aria-label={t("panel.optionValue", at + 1)}
                placeholder={t("panel.value")}
                value={asText(one["value"])}
                readOnly={readOnly}
                onChange={(typed) => set(at, { ...one, value: typed })}
              />
              <TextInput
                aria-label={t("panel.optionLabel", at + 1)}
                placeholder={t("panel.label.short")}
                value={asText(one["label"])}
                readOnly={readOnly}
                onChange={(typed) => set(at, { ...one, label: typed })}
              />
            </>
          ) : (
            <TextInput
              aria-label={t("panel.optionValue", at + 1)}
              value={asText(one)}
              readOnly={readOnly}
              onChange={(typed) => set(at, typed)}
            />
          )}
          <Arrange items={options} at={at} onChange={onChange} readOnly={readOnly} />
        </div>
      ))}
      {readOnly ? null : (
        <div className="panel-actions">
          <Button icon="plus" onClick={() => onChange([...options, { value: "", label: "" }])}>
            {t("panel.addOption")}
          </Button>
        </div>
      )}
    </div>
  );
}
