import { useLocale } from "../../../i18n";
import { Button, Checkbox, Select } from "../../../ui";
import { isObject, type Json } from "../../document";
import { FormulaInput } from "../../formula/FormulaInput";
import { useEditor } from "../../hooks";
import { usePanel } from "../context";
import type { EditorProps } from "../FieldEditor";
import { specOf } from "../spec";
import { asText, isFlag, pairsOf, writePairs } from "../values";
import { JsonField } from "./JsonField";
import { Arrange, ListField } from "./ListField";
import { Rows } from "./ObjectField";

type Operation = { readonly [field: string]: Json };

/** What is done to a variable, one step after the other; which steps there are depends on its type. */
export function OperationsField({ spec, value, onChange, readOnly }: EditorProps) {
  const { t } = useLocale();
  const { editor, block, described } = usePanel();
  const variables = useEditor(editor, (snapshot) => snapshot.doc.variables);
  const variable = variables.find((one) => one.guid === block["variableGuid"]);
  const all = described.structures["operations"];
  const listed = isObject(all) ? all[variable?.type ?? ""] : undefined;
  const known = (Array.isArray(listed) ? listed : []).filter(isObject);
  if (value !== null && value !== "" && !Array.isArray(value)) {
    return <JsonField label={spec.label} value={value} onChange={onChange} readOnly={readOnly} />;
  }
  const operations = (Array.isArray(value) ? value : []).filter(isObject);
  const first = known.find((one) => one["id"] !== "empty");
  const set = (at: number, patch: Operation) =>
    onChange(operations.map((one, index) => (index === at ? { ...one, ...patch } : one)));
  if (variable === undefined) return <p className="field-hint">{t("panel.chooseVariable")}</p>;
  return (
    <div className="panel-rows">
      {operations.map((one, at) => {
        const kind = known.find((entry) => entry["id"] === one["id"]);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an operation has nothing else to be known by
          <div key={at} role="group" aria-label={t("panel.operation", at + 1)} className="panel-condition">
            <Select
              aria-label={t("panel.operationKind", at + 1)}
              options={known.map((entry) => ({ value: String(entry["id"]), label: String(entry["title"]) }))}
              value={asText(one["id"])}
              disabled={readOnly}
              onChange={(id) => set(at, { id })}
            />
            {kind?.["value"] === null ? null : (
              <Operand
                kind={String(kind?.["value"] ?? "any")}
                label={t("panel.operand", at + 1)}
                value={operandOf(one)}
                onChange={(next) => set(at, { value: next })}
                readOnly={readOnly}
              />
            )}
            {kind?.["duplicates"] === true ? (
              <Checkbox
                label={t("panel.allowDuplicates")}
                checked={one["allow_duplicates"] === undefined ? true : isFlag(one["allow_duplicates"])}
                disabled={readOnly}
                onChange={(on) => set(at, { allow_duplicates: on ? "yes" : "no" })}
              />
            ) : null}
            <Arrange items={operations} at={at} onChange={onChange} readOnly={readOnly} />
          </div>
        );
      })}
      {readOnly ? null : (
        <div className="panel-actions">
          <Button
            icon="plus"
            onClick={() =>
              onChange([...operations, (first?.["empty"] ?? { id: "set_value", value: "" }) as Operation])
            }
          >
            {t("panel.addOperation")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Exports also have the operand under a name of its own; then it is shown, and written as `value`, which wins. */
function operandOf(one: Operation): Json {
  if (one["value"] !== undefined && one["value"] !== null) return one["value"];
  const own = [
    "id",
    "key",
    "name",
    "value",
    "type",
    "mode",
    "structure",
    "allow_duplicates",
    "displayValue",
    "collapsed",
  ];
  return (
    Object.entries(one).find(
      ([field, value]) => !own.includes(field) && value !== null && typeof value !== "boolean",
    )?.[1] ?? ""
  );
}

function Operand({
  kind,
  label,
  value,
  onChange,
  readOnly,
}: {
  readonly kind: string;
  readonly label: string;
  readonly value: Json;
  readonly onChange: (value: Json) => void;
  readonly readOnly: boolean;
}) {
  const pairs = pairsOf(value, "pairs");
  if (kind === "mapping" && pairs !== null) {
    return (
      <Rows
        label={label}
        pairs={pairs.pairs}
        onChange={(next) => onChange(writePairs(next, pairs.form))}
        readOnly={readOnly}
      />
    );
  }
  if (kind === "list") {
    return (
      <ListField
        spec={specOf({ id: "value", label, type: "list" }, "field")}
        value={value}
        onChange={onChange}
        wired={{}}
        readOnly={readOnly}
        fault={null}
      />
    );
  }
  if (typeof value === "object" && value !== null)
    return <JsonField label={label} value={value} onChange={onChange} readOnly={readOnly} />;
  return (
    <FormulaInput label={label} value={asText(value)} onChange={onChange} multiline={kind === "object"} />
  );
}
