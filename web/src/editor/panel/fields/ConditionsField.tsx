import { useLocale } from "../../../i18n";
import { Button, Select } from "../../../ui";
import { isObject, type Json } from "../../document";
import { FormulaInput } from "../../formula/FormulaInput";
import { usePanel } from "../context";
import type { EditorProps } from "../FieldEditor";
import { asText } from "../values";
import { JsonField } from "./JsonField";
import { Arrange } from "./ListField";

type Condition = { readonly [field: string]: Json };

/** Conditions with their operators, all or some of which must hold. */
export function ConditionsField({ spec, value, onChange, readOnly }: EditorProps) {
  const { t } = useLocale();
  const { described } = usePanel();
  const told = isObject(described.structures["conditions"]) ? described.structures["conditions"] : {};
  const operators = (Array.isArray(told["operators"]) ? told["operators"] : []).filter(isObject);
  const unary = new Set(operators.filter((one) => one["unary"] === true).map((one) => String(one["name"])));
  const whole = isObject(value) ? value : {};
  if (value !== null && value !== "" && !isObject(value)) {
    return <JsonField label={spec.label} value={value} onChange={onChange} readOnly={readOnly} />;
  }
  const listed = whole["conditions"];
  const conditions: readonly Condition[] = (Array.isArray(listed) ? listed : []).filter(isObject);
  const mode = whole["mode"] === "some" ? "some" : "all";
  const write = (next: readonly Condition[]) =>
    onChange({ ...whole, mode: whole["mode"] ?? "all", conditions: next });
  const set = (at: number, patch: Condition) =>
    write(conditions.map((one, index) => (index === at ? { ...one, ...patch } : one)));
  return (
    <div className="panel-rows">
      {conditions.length > 1 ? (
        <Select
          aria-label={t("panel.mode")}
          options={[
            { value: "all", label: t("panel.modeAll") },
            { value: "some", label: t("panel.modeSome") },
          ]}
          value={mode}
          disabled={readOnly}
          onChange={(chosen) => onChange({ ...whole, mode: chosen, conditions })}
        />
      ) : null}
      {conditions.map((one, at) => {
        const operator = asText(one["operator"] ?? "=");
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition has nothing else to be known by
          <div key={at} role="group" aria-label={t("panel.condition", at + 1)} className="panel-condition">
            <FormulaInput
              label={t("panel.conditionLeft", at + 1)}
              value={asText(one["input1"])}
              onChange={(input1) => set(at, { input1 })}
            />
            <Select
              aria-label={t("panel.conditionOperator", at + 1)}
              options={operators.map((entry) => ({
                value: String(entry["name"]),
                label: labelOf(String(entry["name"]), t),
              }))}
              value={operator}
              disabled={readOnly}
              onChange={(chosen) => set(at, { operator: chosen })}
            />
            {unary.has(operator) ? null : (
              <FormulaInput
                label={t("panel.conditionRight", at + 1)}
                value={asText(one["input2"])}
                onChange={(input2) => set(at, { input2 })}
              />
            )}
            <Arrange items={conditions} at={at} onChange={write} readOnly={readOnly} />
          </div>
        );
      })}
      {readOnly ? null : (
        <div className="panel-actions">
          <Button
            icon="plus"
            onClick={() => write([...conditions, { input1: "", operator: "=", input2: "" }])}
          >
            {t("panel.addCondition")}
          </Button>
        </div>
      )}
    </div>
  );
}

type Translate = ReturnType<typeof useLocale>["t"];

const WORDS = {
  "=": "panel.op.equal",
  "!=": "panel.op.notEqual",
  ">": "panel.op.greater",
  ">=": "panel.op.atLeast",
  "<": "panel.op.smaller",
  "<=": "panel.op.atMost",
  empty: "panel.op.empty",
  notEmpty: "panel.op.notEmpty",
  contain: "panel.op.contain",
  doesntContain: "panel.op.doesntContain",
  inList: "panel.op.inList",
  notInList: "panel.op.notInList",
  isText: "panel.op.isText",
  isNotText: "panel.op.isNotText",
  isNumber: "panel.op.isNumber",
  isNotNumber: "panel.op.isNotNumber",
  isObject: "panel.op.isObject",
  isNotObject: "panel.op.isNotObject",
  isList: "panel.op.isList",
  isNotList: "panel.op.isNotList",
  isEmail: "panel.op.isEmail",
  isNotEmail: "panel.op.isNotEmail",
  isPhone: "panel.op.isPhone",
  isNotPhone: "panel.op.isNotPhone",
  isTrue: "panel.op.isTrue",
  isFalse: "panel.op.isFalse",
} as const;

function labelOf(name: string, t: Translate): string {
  return name in WORDS ? t(WORDS[name as keyof typeof WORDS]) : name;
}
