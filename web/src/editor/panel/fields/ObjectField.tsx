import { type ReactNode, useState } from "react";
import { useLocale } from "../../../i18n";
import { Button, TextInput } from "../../../ui";
import { FormulaInput } from "../../formula/FormulaInput";
import type { EditorProps } from "../FieldEditor";
import { asText, hasTwins, type Pair, pairsOf, writePairs } from "../values";
import { JsonField } from "./JsonField";
import { Arrange } from "./ListField";
import { MappingField } from "./MappingField";

type Mode = "rows" | "json" | "formula";

/** Names and values: row by row (or by the fields that are known), as raw JSON, or as one formula that gives the object. */
export function ObjectField(props: EditorProps) {
  const { spec, value, onChange, wired, readOnly, fault } = props;
  const { t } = useLocale();
  const read = pairsOf(value, spec.type === "mapping" ? "pairs" : "object");
  const [mode, setMode] = useState<Mode>(
    read !== null ? "rows" : typeof value === "string" ? "formula" : "json",
  );
  const now: Mode =
    mode === "rows" && read === null ? (typeof value === "string" ? "formula" : "json") : mode;
  const write = (pairs: readonly Pair[]) => {
    const form = read?.form ?? "object";
    onChange(writePairs(pairs, form !== "pairs" && hasTwins(pairs) ? "pairs" : form));
  };
  const modes: readonly Mode[] = ["rows", "json", "formula"];
  const names = { rows: "panel.asRows", json: "panel.asJson", formula: "panel.asFormula" } as const;
  const switches = modes
    .filter((one) => one !== now && (one !== "rows" || read !== null))
    .map((one) => (
      <Button key={one} look="bare" onClick={() => setMode(one)}>
        {t(names[one])}
      </Button>
    ));
  const known = spec.fields !== null && spec.fields.length > 0;
  return (
    <div className="panel-object">
      {now === "rows" && read !== null ? (
        known ? (
          <MappingField spec={spec} pairs={read.pairs} onChange={write} readOnly={readOnly} />
        ) : (
          <Rows label={spec.label} pairs={read.pairs} onChange={write} readOnly={readOnly}>
            {switches}
          </Rows>
        )
      ) : null}
      {now === "json" ? (
        <JsonField label={spec.label} value={value} onChange={onChange} readOnly={readOnly} wired={wired} />
      ) : null}
      {now === "formula" ? (
        <FormulaInput
          wired={wired}
          label={spec.label}
          value={asText(value)}
          onChange={onChange}
          multiline
          fault={fault}
        />
      ) : null}
      {readOnly || (now === "rows" && !known) ? null : <div className="panel-actions">{switches}</div>}
    </div>
  );
}

type RowsProps = {
  readonly label: string;
  readonly pairs: readonly Pair[];
  readonly onChange: (pairs: readonly Pair[]) => void;
  readonly readOnly: boolean;
  /** Beside the button that adds a row. */
  readonly children?: ReactNode;
};

export function Rows({ label, pairs, onChange, readOnly, children }: RowsProps) {
  const { t } = useLocale();
  const set = (at: number, patch: Partial<Pair>) =>
    onChange(pairs.map((one, index) => (index === at ? { ...one, ...patch } : one)));
  return (
    <div className="panel-rows">
      {pairs.map((pair, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: names change while they are typed
        <div key={at} className="panel-pair">
          <TextInput
            className="panel-key"
            aria-label={t("panel.nameOf", label, at + 1)}
            placeholder={t("panel.name")}
            value={pair.key}
            readOnly={readOnly}
            onChange={(key) => set(at, { key })}
          />
          {typeof pair.value === "object" && pair.value !== null ? (
            <JsonField
              label={t("panel.valueOf", pair.key)}
              value={pair.value}
              onChange={(value) => set(at, { value })}
              readOnly={readOnly}
            />
          ) : (
            <FormulaInput
              label={t("panel.valueOf", pair.key)}
              value={asText(pair.value)}
              onChange={(value) => set(at, { value })}
            />
          )}
          <Arrange items={pairs} at={at} onChange={onChange} readOnly={readOnly} />
        </div>
      ))}
      {pairs.length === 0 ? <p className="field-hint">{t("panel.noRows")}</p> : null}
      {hasTwins(pairs) ? (
        <p className="field-error" role="alert">
          {t("panel.twins")}
        </p>
      ) : null}
      {readOnly ? null : (
        <div className="panel-actions">
          <Button icon="plus" onClick={() => onChange([...pairs, { key: "", value: "" }])}>
            {t("panel.addRow")}
          </Button>
          {children}
        </div>
      )}
    </div>
  );
}
