import { useState } from "react";
import { useLocale } from "../../../i18n";
import { Button, Checkbox, IconButton } from "../../../ui";
import type { Json } from "../../document";
import { FormulaInput } from "../../formula/FormulaInput";
import type { EditorProps } from "../FieldEditor";
import { asText, itemsOf, moved } from "../values";
import { JsonField } from "./JsonField";

/** A list: one formula that gives it, or its items one by one. */
export function ListField(props: EditorProps) {
  const { spec, value, onChange, wired, readOnly, fault } = props;
  const { t } = useLocale();
  const items = itemsOf(value);
  const [byItems, setByItems] = useState(Array.isArray(value) && value.length > 0);
  const choices = spec.items?.choices.length ? spec.items.choices : spec.choices;
  if (choices.length > 0 && items !== null) return <Ticks {...props} choices={choices} items={items} />;
  if (items === null || !byItems) {
    return (
      <div>
        <FormulaInput
          wired={wired}
          label={spec.label}
          value={asText(value)}
          onChange={onChange}
          fault={fault}
          placeholder="{$.list}"
        />
        {items === null || readOnly ? null : (
          <Button look="bare" icon="list" onClick={() => setByItems(true)}>
            {t("panel.byItems")}
          </Button>
        )}
      </div>
    );
  }
  return (
    <div className="panel-rows">
      {items.map((item, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an item has nothing else to be known by
        <div key={at} className="panel-row">
          <Item
            label={t("panel.itemNumber", at + 1)}
            value={item}
            onChange={(next) => onChange(items.map((one, index) => (index === at ? next : one)))}
            readOnly={readOnly}
          />
          <Arrange items={items} at={at} onChange={onChange} readOnly={readOnly} />
        </div>
      ))}
      {readOnly ? null : (
        <div className="panel-actions">
          <Button icon="plus" onClick={() => onChange([...items, ""])}>
            {t("panel.addItem")}
          </Button>
          <Button look="bare" onClick={() => setByItems(false)}>
            {t("panel.asFormula")}
          </Button>
        </div>
      )}
    </div>
  );
}

function Item({
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
  if (typeof value === "object" && value !== null)
    return <JsonField label={label} value={value} onChange={onChange} readOnly={readOnly} />;
  return <FormulaInput label={label} value={asText(value)} onChange={onChange} />;
}

/** Up, down and away, for the rows of any list. */
export function Arrange<T>({
  items,
  at,
  onChange,
  readOnly,
}: {
  readonly items: readonly T[];
  readonly at: number;
  readonly onChange: (items: readonly T[]) => void;
  readonly readOnly: boolean;
}) {
  const { t } = useLocale();
  if (readOnly) return null;
  return (
    <span className="panel-arrange">
      {items.length > 1 ? (
        <>
          <IconButton
            icon="arrowUp"
            label={t("panel.moveUp", at + 1)}
            disabled={at === 0}
            onClick={() => onChange(moved(items, at, at - 1))}
          />
          <IconButton
            icon="arrowDown"
            label={t("panel.moveDown", at + 1)}
            disabled={at === items.length - 1}
            onClick={() => onChange(moved(items, at, at + 1))}
          />
        </>
      ) : null}
      <IconButton
        icon="trash"
        label={t("panel.removeRow", at + 1)}
        onClick={() => onChange(items.filter((_, index) => index !== at))}
      />
    </span>
  );
}

function Ticks({
  choices,
  items,
  onChange,
  readOnly,
  spec,
}: EditorProps & { readonly choices: EditorProps["spec"]["choices"]; readonly items: readonly Json[] }) {
  const known = new Set(choices.map((one) => String(one.value)));
  const others = items.filter((one) => !known.has(asText(one)));
  return (
    <fieldset className="panel-ticks">
      <legend className="visually-hidden">{spec.label}</legend>
      {choices.map((one) => {
        const on = items.some((item) => String(item) === String(one.value));
        return (
          <Checkbox
            key={String(one.value)}
            label={one.label}
            checked={on}
            disabled={readOnly}
            onChange={(now) =>
              onChange(
                now ? [...items, one.value] : items.filter((item) => String(item) !== String(one.value)),
              )
            }
          />
        );
      })}
      {others.map((one) => (
        <Checkbox
          key={asText(one)}
          label={asText(one)}
          checked
          disabled={readOnly}
          onChange={() => onChange(items.filter((item) => item !== one))}
        />
      ))}
    </fieldset>
  );
}
