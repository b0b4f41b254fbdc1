import { useState } from "react";
import { useLocale } from "../i18n";
import { Button, Dialog, Field, IconButton, Select, TextInput, useConfirm } from "../ui";
import { newId } from "./clip";
import { useEditing } from "./context";
import { VARIABLE_TYPES, type Variable, type VariableType } from "./document";
import { useEditor } from "./hooks";
import { addVariable, removeVariable, renameVariable, retypeVariable, usesOf } from "./names";
import { nameIn } from "./TreeRow";

/** The variables of the automation: what they are called, what they hold, who uses them. */
export function Variables({ onClose }: { readonly onClose: () => void }) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const variables = useEditor(editor, (now) => now.doc.variables);
  const [name, setName] = useState("");
  const [type, setType] = useState<VariableType>("string");
  const types = VARIABLE_TYPES.map((value) => ({ value, label: t(`editor.type.${value}`) }));
  const add = () => {
    if (name.trim() === "") return;
    editor.edit((doc) => addVariable(doc, name, type, newId()));
    setName("");
  };
  return (
    <Dialog title={t("editor.variables")} onClose={onClose} wide>
      {variables.length === 0 ? <p className="muted">{t("editor.variableNone")}</p> : null}
      <ul className="editor-variables">
        {variables.map((variable) => (
          <VariableLine key={variable.guid} variable={variable} types={types} onClose={onClose} />
        ))}
      </ul>
      {editor.readOnly ? null : (
        <form
          className="editor-variable-new"
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <Field label={t("editor.variableName")}>
            {(wired) => <TextInput {...wired} value={name} onChange={setName} />}
          </Field>
          <Field label={t("editor.variableType")}>
            {(wired) => (
              <Select
                {...wired}
                options={types}
                value={type}
                onChange={(value) => setType(value as VariableType)}
              />
            )}
          </Field>
          <Button type="submit" icon="plus" disabled={name.trim() === ""}>
            {t("editor.variableAdd")}
          </Button>
        </form>
      )}
    </Dialog>
  );
}

type LineProps = {
  readonly variable: Variable;
  readonly types: readonly { readonly value: string; readonly label: string }[];
  readonly onClose: () => void;
};

function VariableLine({ variable, types, onClose }: LineProps) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const confirm = useConfirm();
  const [typed, setTyped] = useState<string | null>(null);
  const doc = useEditor(editor, (now) => now.doc);
  const { sets, reads } = usesOf(doc, variable.guid);
  const uses = [...new Set([...sets, ...reads])];
  const drop = async () => {
    const sure =
      uses.length === 0 ||
      (await confirm({
        title: t("editor.variableDelete", variable.name),
        text: t("editor.variableInUse", uses.length),
        action: t("action.delete"),
        danger: true,
      }));
    if (sure) editor.edit((now) => removeVariable(now, variable.guid));
  };
  const keep = () => {
    if (typed !== null) editor.edit((now) => renameVariable(now, variable.guid, typed));
    setTyped(null);
  };
  return (
    <li>
      <TextInput
        aria-label={t("editor.variableNameOf", variable.name)}
        value={typed ?? variable.name}
        readOnly={editor.readOnly}
        onChange={setTyped}
        onBlur={keep}
        onKeyDown={(event) => {
          if (event.key === "Enter") keep();
        }}
      />
      <Select
        aria-label={t("editor.variableTypeOf", variable.name)}
        options={types}
        value={variable.type}
        disabled={editor.readOnly}
        onChange={(value) => editor.edit((now) => retypeVariable(now, variable.guid, value as VariableType))}
      />
      <details>
        <summary>{`${t("editor.variableUses")}: ${uses.length}`}</summary>
        {uses.slice(0, 50).map((id) => (
          <Button
            key={id}
            look="bare"
            onClick={() => {
              editor.reveal(id);
              onClose();
            }}
          >
            <bdi>{nameIn(editor.getSnapshot(), id)}</bdi>
          </Button>
        ))}
      </details>
      {editor.readOnly ? null : (
        <IconButton
          icon="trash"
          label={t("editor.variableDelete", variable.name)}
          onClick={() => void drop()}
        />
      )}
    </li>
  );
}
