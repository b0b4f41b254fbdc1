import type { BlockInput, BlockInputField } from "@client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Combobox,
  Field,
  FieldGroup,
  SecretInput,
  Select,
  TextArea,
  TextInput,
  useDebounced,
  type Wired,
} from "../ui";
import { type Drafts, editorOf, joined } from "./inputs";

type Props = {
  readonly fields: readonly BlockInputField[];
  readonly drafts: Drafts;
  readonly problems: Readonly<Record<string, string>>;
  readonly onDraft: (path: string, draft: string) => void;
  /** Gives the choices of inputs that are asked of the connected account. */
  readonly dynamic: { readonly connection: string; readonly block: string; readonly inputs: object };
  readonly under?: string;
};

/** The inputs of a block, typed as its description says. */
export function InputForm({ fields, drafts, problems, onDraft, dynamic, under = "" }: Props) {
  return fields.map((field) => {
    const path = joined(under, field.id);
    if (editorOf(field) === "object") {
      return (
        <FieldGroup
          key={path}
          legend={<bdi>{field.label}</bdi>}
          {...(field.help && { hint: short(field.help) })}
        >
          <div className="connectors-inside">
            <InputForm
              fields={field.fields ?? []}
              drafts={drafts}
              problems={problems}
              onDraft={onDraft}
              dynamic={dynamic}
              under={path}
            />
          </div>
        </FieldGroup>
      );
    }
    const problem = problems[path];
    return (
      <Field
        key={path}
        label={<bdi>{field.label}</bdi>}
        required={field.required}
        {...(field.help && { hint: short(field.help) })}
        {...(problem !== undefined && { error: problem })}
      >
        {(wired) => (
          <Control
            wired={wired}
            field={field}
            draft={drafts[path] ?? ""}
            dynamic={dynamic}
            onDraft={(draft) => onDraft(path, draft)}
          />
        )}
      </Field>
    );
  });
}

type ControlProps = {
  readonly wired: Wired;
  readonly field: BlockInputField;
  readonly draft: string;
  readonly dynamic: Props["dynamic"];
  readonly onDraft: (draft: string) => void;
};

function Control({ wired, field, draft, dynamic, onDraft }: ControlProps) {
  const { t } = useLocale();
  const input = field as Partial<BlockInput>;
  const example = field.example === null || typeof field.example === "object" ? "" : String(field.example);
  const common = { ...wired, value: draft, onChange: onDraft, ...(example && { placeholder: example }) };
  if (input.secret === true) return <SecretInput {...common} />;
  if (input.optionsFrom)
    return <Dynamic wired={wired} field={field} draft={draft} dynamic={dynamic} onDraft={onDraft} />;
  switch (editorOf(field)) {
    case "flag":
      return (
        <Select
          {...wired}
          empty={t("connectors.notSent")}
          options={[
            { value: "true", label: t("connectors.yes") },
            { value: "false", label: t("connectors.no") },
          ]}
          value={draft}
          onChange={onDraft}
        />
      );
    case "choice":
      return (
        <Select
          {...wired}
          empty={t("connectors.notSent")}
          options={field.choices.map((choice) => ({ value: String(choice.value), label: choice.label }))}
          value={draft}
          onChange={onDraft}
        />
      );
    case "number":
      return <TextInput {...common} inputMode="decimal" />;
    case "lines":
      return <TextArea {...common} rows={3} placeholder={t("connectors.onePerLine")} />;
    case "json":
      return (
        <TextArea {...common} rows={5} spellCheck={false} placeholder={field.type === "list" ? "[]" : "{}"} />
      );
    case "long":
      return <TextArea {...common} rows={4} />;
    default:
      return <TextInput {...common} spellCheck={false} />;
  }
}

/** Choices that the connected account knows. */
function Dynamic({ wired, field, draft, dynamic, onDraft }: ControlProps) {
  const api = useApi();
  const [typed, setTyped] = useState("");
  const search = useDebounced(typed);
  const { connection, block, inputs } = dynamic;
  const query = useQuery({
    queryKey: ["connections", connection, "options", { block, input: field.id, search, inputs }],
    queryFn: async ({ signal }) => {
      const body = { inputs: { ...inputs }, search };
      return (await api.workflows.getInputOptions(connection, block, field.id, body, { signal })).data;
    },
    enabled: connection !== "",
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  });
  return (
    <Combobox
      {...wired}
      free
      label={field.label}
      options={(query.data ?? []).map((one) => ({
        value: String(one.value),
        label: one.label || String(one.value),
      }))}
      value={draft}
      onChange={onDraft}
      onQuery={setTyped}
      busy={query.isFetching}
    />
  );
}

function short(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
