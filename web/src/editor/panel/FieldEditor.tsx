import { type ReactNode, useCallback } from "react";
import { useLocale } from "../../i18n";
import { Field, FieldGroup, Icon, type Wired } from "../../ui";
import type { Json } from "../document";
import { withInput, withSetting } from "../document";
import { usePanel } from "./context";
import { entryOf, readValue, type Spec, slotOf } from "./spec";
import { ValueEditor } from "./ValueEditor";

/** What every editor of a value gets. `more` sets other fields of the input, such as `displayValue`. */
export type EditorProps = {
  readonly spec: Spec;
  readonly value: Json;
  readonly onChange: (value: Json, more?: { readonly displayValue?: string; readonly role?: string }) => void;
  readonly wired: Partial<Wired>;
  readonly readOnly: boolean;
  /** Where the server found an error in a formula of it. */
  readonly fault: number | null;
};

/** One field of the block's form: its label, its editor, its hint and what the server says against it. */
export function FieldEditor({ spec }: { readonly spec: Spec }) {
  const { editor, block, issues } = usePanel();
  const slot = slotOf(block, spec);
  const entry = entryOf(block, spec);
  const value = readValue(block, spec);
  const found = issues.filter((one) => one.input !== null && concerns(one.input, spec, slot.id));
  const onChange = useCallback<EditorProps["onChange"]>(
    (changed, more = {}) => {
      const patch = {
        value: changed,
        ...(more.displayValue === undefined ? {} : { displayValue: more.displayValue }),
      };
      editor.editBlock(
        block.id,
        (now) => {
          if (slot.where === "field") return { ...now, [slot.id]: changed };
          const old = entryOf(now, spec);
          const full = old === undefined ? { ...patch, type: documentType(spec), structure: [] } : patch;
          return (slot.where === "input" ? withInput : withSetting)(now, slot.id, full);
        },
        { coalesce: `${block.id}/${slot.where}/${slot.id}` },
      );
    },
    [editor, block.id, slot.where, slot.id, spec],
  );
  const error = found.length === 0 ? undefined : found.map((one) => one.text).join(" ");
  const hint = spec.help === "" ? undefined : spec.help;
  const editorOf = (wired: Partial<Wired>) => (
    <ValueEditor
      spec={spec}
      value={value}
      onChange={onChange}
      wired={wired}
      readOnly={editor.readOnly}
      fault={found.find((one) => one.position !== null)?.position ?? null}
      shownValue={typeof entry?.displayValue === "string" ? entry.displayValue : undefined}
    />
  );
  if (COMPOSITE.has(spec.type)) return <Group spec={spec} hint={hint} error={error} editorOf={editorOf} />;
  return (
    <Field label={<bdi>{spec.label}</bdi>} hint={hint} error={error} required={spec.required}>
      {editorOf}
    </Field>
  );
}

/** The server names an input by its id, and steps of a list by what they are: "operation 2". */
function concerns(input: string, spec: Spec, id: string): boolean {
  if (input === id || input === spec.id || spec.otherIds.includes(input)) return true;
  if (spec.type === "operations") return /^operation\b/.test(input);
  if (spec.type === "statements") return /^(?:statement|case)s?\b/.test(input);
  return input.startsWith(`${id}.`) || input.startsWith(`${id}[`);
}

/** Types whose editors are several controls: they get a group, since a label can name one control only. */
const COMPOSITE = new Set([
  "boolean",
  "list",
  "object",
  "mapping",
  "conditions",
  "operations",
  "statements",
  "form",
]);

type GroupProps = {
  readonly spec: Spec;
  readonly hint: string | undefined;
  readonly error: string | undefined;
  readonly editorOf: (wired: Partial<Wired>) => ReactNode;
};

function Group({ spec, hint, error, editorOf }: GroupProps) {
  const { t } = useLocale();
  const legend = (
    <>
      <bdi>{spec.label}</bdi>
      {spec.required ? <span className="field-required"> ({t("state.required")})</span> : null}
    </>
  );
  return (
    <FieldGroup legend={legend} hint={hint}>
      {editorOf(error === undefined ? {} : { "aria-invalid": true })}
      {error === undefined ? null : (
        <div className="field-error" role="alert">
          <Icon name="error" /> {error}
        </div>
      )}
    </FieldGroup>
  );
}

/** The `type` that documents say of an input; nothing reads it but other editors. */
function documentType(spec: Spec): string {
  const types: Record<string, string> = {
    select: "select",
    object: "object",
    mapping: "object",
    list: "string",
    boolean: "select",
  };
  return types[spec.type] ?? "string";
}
