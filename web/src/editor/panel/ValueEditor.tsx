import { lazy, Suspense, useState } from "react";
import { useLocale } from "../../i18n";
import { Button, Loading, Select, Switch, TextInput } from "../../ui";
import type { Json } from "../document";
import { FormulaInput } from "../formula/FormulaInput";
import type { EditorProps } from "./FieldEditor";
import { CallInputs } from "./fields/CallInputs";
import { ConditionsField } from "./fields/ConditionsField";
import { ListField } from "./fields/ListField";
import { ObjectField } from "./fields/ObjectField";
import { OperationsField } from "./fields/OperationsField";
import { OptionsField } from "./fields/OptionsField";
import {
  AutomationField,
  BlockField,
  ConnectionField,
  ConnectorField,
  EventField,
  OperationField,
  VariableField,
} from "./fields/pickers";
import { StatementsField } from "./fields/StatementsField";
import { asFlag, asText, isFlag, isFormula } from "./values";

const CodeField = lazy(() => import("./fields/CodeField"));
const FormField = lazy(() => import("./fields/FormField"));

type Props = EditorProps & { readonly shownValue?: string | undefined };

/** The editor that fits a field's type. */
export function ValueEditor(props: Props) {
  const { spec } = props;
  if (spec.optionsFrom !== null) return <OptionsField {...props} />;
  switch (spec.type) {
    case "boolean":
      return <BooleanField {...props} />;
    case "select":
      return <SelectField {...props} />;
    case "list":
      return <ListField {...props} />;
    case "object":
    case "mapping":
      return spec.id === "widgetInputs" ? <CallInputs {...props} /> : <ObjectField {...props} />;
    case "conditions":
      return <ConditionsField {...props} />;
    case "operations":
      return <OperationsField {...props} />;
    case "statements":
      return <StatementsField />;
    case "form":
      return (
        <Suspense fallback={<Loading />}>
          <FormField {...props} />
        </Suspense>
      );
    case "code":
      return (
        <Suspense fallback={<Loading />}>
          <CodeField {...props} />
        </Suspense>
      );
    case "variable":
      return <VariableField {...props} />;
    case "block":
      return <BlockField {...props} />;
    case "automation":
      return <AutomationField {...props} />;
    case "connection":
      return <ConnectionField {...props} />;
    case "connector":
      return <ConnectorField {...props} />;
    case "operation":
      return <OperationField {...props} />;
    case "event":
      return <EventField {...props} />;
    default:
      return <TextField {...props} />;
  }
}

/** Text, numbers, dates and what takes anything: one field in which formulas may stand, unless the engine reads it as it is. */
export function TextField({ spec, value, onChange, wired, readOnly, fault }: EditorProps) {
  const { t } = useLocale();
  const nested = typeof value === "object" && value !== null;
  const placeholder = asText(spec.default ?? null).slice(0, 80);
  if (nested)
    return (
      <ObjectField
        spec={spec}
        value={value}
        onChange={onChange}
        wired={wired}
        readOnly={readOnly}
        fault={fault}
      />
    );
  if (!spec.formula && !isFormula(value)) {
    return (
      <TextInput
        {...wired}
        value={asText(value)}
        readOnly={readOnly}
        placeholder={placeholder}
        inputMode={spec.type === "number" ? "decimal" : "text"}
        onChange={onChange}
      />
    );
  }
  return (
    <FormulaInput
      wired={wired}
      label={spec.required ? `${spec.label} (${t("state.required")})` : spec.label}
      value={asText(value)}
      onChange={onChange}
      multiline={spec.type === "longtext"}
      placeholder={placeholder}
      fault={fault}
    />
  );
}

function BooleanField(props: EditorProps) {
  const { spec, value, onChange, readOnly } = props;
  const { t } = useLocale();
  const [formula, setFormula] = useState(isFormula(value));
  if (formula) return <Either {...props} onBack={() => setFormula(false)} />;
  const on = isFlag(value === null || value === "" ? spec.default : value);
  const fallback = spec.default ?? (spec.where === "input" && spec.formula ? true : "no");
  return (
    <div className="panel-either">
      <Switch
        bare
        label={spec.label}
        checked={on}
        disabled={readOnly}
        onChange={(now) => onChange(asFlag(now, value, fallback))}
      />
      <span aria-hidden="true">{t(on ? "panel.yes" : "panel.no")}</span>
      {spec.formula && !readOnly ? (
        <Button look="bare" onClick={() => setFormula(true)}>
          {t("panel.useFormula")}
        </Button>
      ) : null}
    </div>
  );
}

function SelectField(props: Props) {
  const { spec, value, onChange, wired, readOnly } = props;
  const { t } = useLocale();
  const [formula, setFormula] = useState(isFormula(value));
  if (formula) return <Either {...props} onBack={() => setFormula(false)} />;
  const known = (text: string): Json => spec.choices.find((one) => String(one.value) === text)?.value ?? text;
  const now = value === null || value === "" ? spec.default : value;
  return (
    <div className="panel-either">
      <Select
        {...wired}
        options={spec.choices.map((one) => ({ value: String(one.value), label: one.label }))}
        value={asText(now)}
        disabled={readOnly}
        {...(spec.required && spec.default !== null ? {} : { empty: t("panel.nothingChosen") })}
        onChange={(chosen) => {
          const label = spec.choices.find((one) => String(one.value) === chosen)?.label;
          onChange(
            known(chosen),
            props.shownValue !== undefined && label !== undefined ? { displayValue: label } : {},
          );
        }}
      />
      {spec.formula && !readOnly ? (
        <Button look="bare" onClick={() => setFormula(true)}>
          {t("panel.useFormula")}
        </Button>
      ) : null}
    </div>
  );
}

/** A formula in the place of choices, with the way back. */
export function Either({
  onBack,
  ...props
}: EditorProps & { readonly onBack: () => void; readonly shownValue?: string | undefined }) {
  const { t } = useLocale();
  return (
    <div>
      <TextField {...props} spec={{ ...props.spec, formula: true, type: "text" }} />
      {props.readOnly ? null : (
        <Button look="bare" onClick={onBack}>
          {t("panel.useChoices")}
        </Button>
      )}
    </div>
  );
}
