import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../../api";
import { useLocale } from "../../../i18n";
import { Button, Combobox, told, useDebounced } from "../../../ui";
import { connectionOf } from "../../document";
import { usePanel } from "../context";
import type { EditorProps } from "../FieldEditor";
import { operationOf } from "../queries";
import { readValue, slotOf } from "../spec";
import { Either, TextField } from "../ValueEditor";
import { asText, isFormula } from "../values";

/** Choices that the connected account has: projects, lists, owners. What cannot be fetched can still be typed. */
export function OptionsField(props: EditorProps & { readonly shownValue?: string | undefined }) {
  const { spec, value, onChange, wired, readOnly, shownValue } = props;
  const api = useApi();
  const { t } = useLocale();
  const { block, described } = usePanel();
  const [formula, setFormula] = useState(isFormula(value));
  const [typed, setTyped] = useState<string | null>(null);
  const search = useDebounced(typed ?? "");
  const connection = connectionOf(block);
  const inputs: Record<string, unknown> = {};
  for (const other of described.form.inputs) {
    const now = readValue(block, other);
    if (other.id !== spec.id && now !== null && now !== "" && !isFormula(now))
      inputs[slotOf(block, other).id] = now;
  }
  const found = useQuery({
    queryKey: ["connections", connection, "options", operationOf(block), spec.id, inputs, search],
    queryFn: ({ signal }) =>
      api.workflows.getInputOptions(
        connection ?? "",
        operationKey(described.operation, block),
        spec.id,
        { inputs, search },
        { signal },
      ),
    enabled: connection !== null && !formula && !readOnly && (typed !== null || asText(value) !== ""),
    staleTime: 60_000,
    placeholderData: (before) => before,
    retry: false,
  });
  if (formula) return <Either {...props} onBack={() => setFormula(false)} />;
  if (connection === null || typeof value === "object") {
    return (
      <>
        <TextField {...props} />
        {connection === null ? <p className="field-hint">{t("panel.optionsNeedConnection")}</p> : null}
      </>
    );
  }
  const now = asText(value);
  const options = (found.data?.data ?? []).map((one) => ({
    value: asText(one.value as never),
    label: one.label,
  }));
  if (now !== "" && !options.some((one) => one.value === now))
    options.unshift({ value: now, label: shownValue ?? now });
  return (
    <div>
      <Combobox
        {...wired}
        options={options}
        value={now}
        onQuery={setTyped}
        free
        busy={found.isFetching}
        disabled={readOnly}
        placeholder={t("panel.searchOptions")}
        onChange={(chosen) => {
          const label = options.find((one) => one.value === chosen)?.label;
          onChange(chosen, label === undefined ? {} : { displayValue: label });
        }}
      />
      {found.isError ? (
        <p className="field-hint">{t("panel.optionsFailed", told(found.error, t).join(" "))}</p>
      ) : null}
      {readOnly ? null : (
        <Button look="bare" onClick={() => setFormula(true)}>
          {t("panel.useFormula")}
        </Button>
      )}
    </div>
  );
}

function operationKey(operation: unknown, block: Parameters<typeof operationOf>[0]): string {
  const key =
    typeof operation === "object" && operation !== null
      ? (operation as Record<string, unknown>)["key"]
      : undefined;
  return typeof key === "string" ? key : operationOf(block);
}
