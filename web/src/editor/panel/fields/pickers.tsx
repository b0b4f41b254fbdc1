import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useApi } from "../../../api";
import { useLocale } from "../../../i18n";
import { Button, ButtonLink, Combobox, IconButton, Select, TextInput } from "../../../ui";
import { newId } from "../../clip";
import { titleOf, VARIABLE_TYPES, type VariableType } from "../../document";
import { useEditor } from "../../hooks";
import { addVariable } from "../../names";
import { usePanel } from "../context";
import type { EditorProps } from "../FieldEditor";
import { useAutomations, useConnections, useConnectorOf, useConnectors } from "../queries";
import { Either } from "../ValueEditor";
import { asText, isFormula } from "../values";

/** Another block of this automation: a label, or the block whose pointer is meant. */
export function BlockField({ spec, value, onChange, wired, readOnly }: EditorProps) {
  const { t } = useLocale();
  const { editor } = usePanel();
  const blocks = useEditor(editor, (snapshot) => snapshot.doc.blocks);
  const fits = blocks.filter((one) => spec.only.length === 0 || spec.only.includes(one.type));
  return (
    <div className="panel-either">
      <Combobox
        {...wired}
        options={fits.map((one) => ({
          value: one.id,
          label: titleOf(one),
          ...(one.name === undefined ? {} : { hint: one.name }),
        }))}
        value={asText(value)}
        onChange={onChange}
        disabled={readOnly}
        placeholder={t("panel.chooseBlock")}
      />
      {fits.some((one) => one.id === value) ? (
        <IconButton
          icon="open"
          look="plain"
          label={t("panel.goToBlock")}
          onClick={() => editor.reveal(asText(value))}
        />
      ) : null}
    </div>
  );
}

/** A variable; a new one can be made on the spot. Its block is read under the variable's name. */
export function VariableField({ value, wired, readOnly }: EditorProps) {
  const { t } = useLocale();
  const { editor, block } = usePanel();
  const variables = useEditor(editor, (snapshot) => snapshot.doc.variables);
  const [making, setMaking] = useState(false);
  const choose = (guid: string, name: string) =>
    editor.editBlock(block.id, (now) => ({ ...now, variableGuid: guid, name }));
  const types = {
    string: "panel.type.text",
    number: "panel.type.number",
    list: "panel.type.list",
    object: "panel.type.object",
    table: "panel.type.table",
  } as const;
  return (
    <div>
      <div className="panel-either">
        <Select
          {...wired}
          options={variables.map((one) => ({
            value: one.guid,
            label: `${one.name} (${one.type in types ? t(types[one.type as VariableType]) : one.type})`,
          }))}
          value={asText(value)}
          empty={t("panel.nothingChosen")}
          disabled={readOnly}
          onChange={(guid) =>
            choose(guid, variables.find((one) => one.guid === guid)?.name ?? block.name ?? "")
          }
        />
        {readOnly ? null : (
          <Button icon="plus" aria-expanded={making} onClick={() => setMaking(!making)}>
            {t("panel.newVariable")}
          </Button>
        )}
      </div>
      {making ? (
        <NewVariable
          onDone={(name, type) => {
            const guid = newId();
            editor.edit((doc) => addVariable(doc, name, type, guid));
            choose(guid, editor.getSnapshot().doc.variables.find((one) => one.guid === guid)?.name ?? name);
            setMaking(false);
          }}
        />
      ) : null}
    </div>
  );
}

function NewVariable({ onDone }: { readonly onDone: (name: string, type: VariableType) => void }) {
  const { t } = useLocale();
  const id = useId();
  const [name, setName] = useState("");
  const [type, setType] = useState<VariableType>("string");
  const types = {
    string: "panel.type.text",
    number: "panel.type.number",
    list: "panel.type.list",
    object: "panel.type.object",
    table: "panel.type.table",
  } as const;
  return (
    <div className="panel-pair">
      <label className="visually-hidden" htmlFor={id}>
        {t("panel.variableName")}
      </label>
      <TextInput id={id} value={name} onChange={setName} placeholder={t("panel.variableName")} />
      <Select
        aria-label={t("panel.variableType")}
        options={VARIABLE_TYPES.map((one) => ({ value: one, label: t(types[one]) }))}
        value={type}
        onChange={(chosen) => setType(chosen as VariableType)}
      />
      <Button look="primary" disabled={name.trim() === ""} onClick={() => onDone(name.trim(), type)}>
        {t("action.add")}
      </Button>
    </div>
  );
}

/** Another automation to call; never this one. */
export function AutomationField(props: EditorProps) {
  const { value, onChange, wired, readOnly } = props;
  const { t } = useLocale();
  const { editor } = usePanel();
  const [formula, setFormula] = useState(isFormula(value));
  const found = useAutomations(!formula);
  if (formula) return <Either {...props} onBack={() => setFormula(false)} />;
  const others = (found.data ?? []).filter((one) => one.id !== editor.automationId);
  return (
    <div className="panel-either">
      <Combobox
        {...wired}
        options={others.map((one) => ({ value: one.id, label: one.name }))}
        value={asText(value)}
        onChange={onChange}
        busy={found.isPending}
        disabled={readOnly}
        placeholder={t("panel.chooseAutomation")}
      />
      {others.some((one) => one.id === value) ? (
        <ButtonLink to={`/automations/${asText(value)}`} look="bare" icon="open">
          {t("panel.openIt")}
        </ButtonLink>
      ) : null}
      {readOnly ? null : (
        <Button look="bare" onClick={() => setFormula(true)}>
          {t("panel.useFormula")}
        </Button>
      )}
    </div>
  );
}

/** A connection of the block's connector (or of the kinds that the field takes). */
export function ConnectionField({ spec, value, onChange, wired, readOnly }: EditorProps) {
  const { t } = useLocale();
  const { block } = usePanel();
  const connector = useConnectorOf(block);
  const connectors = useConnectors().data ?? [];
  const found = useConnections();
  const fits = (found.data ?? []).filter((one) => {
    if (connector != null) return one.connectorId === connector.id;
    if (spec.only.length === 0) return true;
    const own = connectors.find((entry) => entry.id === one.connectorId);
    return own !== undefined && spec.only.some((name) => own.slug === name || own.guid === name);
  });
  const options = fits.map((one) => ({
    value: one.id,
    label: one.isConnected ? one.name : t("panel.notConnected", one.name),
  }));
  return (
    <div>
      <Select
        {...wired}
        options={options}
        value={asText(value)}
        empty={t("panel.noConnection")}
        disabled={readOnly}
        onChange={(chosen) => {
          const name = fits.find((one) => one.id === chosen)?.name;
          onChange(chosen, name === undefined ? {} : { displayValue: name });
        }}
      />
      {found.data !== undefined && options.length === 0 ? (
        <p className="field-hint">{t("panel.noneToChoose")}</p>
      ) : null}
    </div>
  );
}

export function ConnectorField({ value, onChange, wired, readOnly }: EditorProps) {
  const { t } = useLocale();
  const found = useConnectors();
  const options = (found.data ?? []).map((one) => ({ value: one.guid, label: one.name }));
  return (
    <Combobox
      {...wired}
      options={options}
      value={asText(value)}
      onChange={onChange}
      disabled={readOnly}
      busy={found.isPending}
      placeholder={t("panel.chooseConnector")}
    />
  );
}

/** One of the operations of the block's connector. */
export function OperationField({ value, onChange, wired, readOnly }: EditorProps) {
  const api = useApi();
  const { t } = useLocale();
  const { block } = usePanel();
  const connector = useConnectorOf(block);
  const found = useQuery({
    queryKey: ["connectors", connector?.id, "blocks"],
    queryFn: ({ signal }) => api.workflows.getConnectorBlocks(connector?.id ?? "", { signal }),
    enabled: connector != null,
  });
  const options = (found.data?.data ?? []).map((one) => ({
    value: one.key,
    label: one.name,
    hint: one.role,
  }));
  return (
    <Combobox
      {...wired}
      options={options}
      value={asText(value)}
      disabled={readOnly}
      busy={found.isFetching}
      placeholder={t("panel.chooseOperation")}
      onChange={(key) => {
        const role = found.data?.data.find((one) => one.key === key)?.role;
        onChange(key, role === undefined ? {} : { role });
      }}
    />
  );
}

/** The event that a webhook automation waits for. */
export function EventField({ value, onChange, wired, readOnly }: EditorProps) {
  const api = useApi();
  const { t } = useLocale();
  const { block } = usePanel();
  const connectors = useConnectors();
  const entry = block.inputs?.find((one) => one.id === "datasourcetype_guid");
  const wanted = asText(entry?.value ?? block.datasourcetype_guid ?? "");
  const connector = connectors.data?.find(
    (one) => one.guid === wanted || one.slug === wanted || one.id === wanted,
  );
  const found = useQuery({
    queryKey: ["connectors", connector?.id, "webhooks"],
    queryFn: ({ signal }) => api.workflows.getConnectorWebhookConfiguration(connector?.id ?? "", { signal }),
    enabled: connector !== undefined,
    retry: false,
  });
  const options = (found.data?.events ?? []).map((one) => ({ value: one.id, label: one.name }));
  return (
    <>
      <Combobox
        {...wired}
        options={options}
        value={asText(value)}
        disabled={readOnly}
        busy={found.isFetching}
        placeholder={t("panel.chooseEvent")}
        onChange={(chosen) => {
          const label = options.find((one) => one.value === chosen)?.label;
          onChange(chosen, label === undefined ? {} : { displayValue: label });
        }}
      />
      {connector !== undefined && found.data !== undefined && options.length === 0 ? (
        <p className="field-hint">{t("panel.noEvents")}</p>
      ) : null}
    </>
  );
}
