import type { FormulaFunction } from "@client";
import { useDeferredValue, useMemo, useState } from "react";
import { useLocale } from "../../i18n";
import { Button, Search } from "../../ui";
import { useFormulas } from "./context";
import { brief } from "./data";

/** All functions by group, with what they do and an example of each. */
export function Functions({ onInsert }: { readonly onInsert: (text: string, caret?: number) => void }) {
  const { t } = useLocale();
  const { library } = useFormulas();
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed).trim().toLowerCase();
  const groups = useMemo(() => {
    const found = new Map<string, FormulaFunction[]>();
    for (const one of library.functions) {
      const text = `${one.name} ${one.aliases.join(" ")} ${one.doc}`.toLowerCase();
      if (wanted !== "" && !text.includes(wanted)) continue;
      found.set(one.categoryTitle, [...(found.get(one.categoryTitle) ?? []), one]);
    }
    return [...found];
  }, [library, wanted]);
  return (
    <div className="insert">
      <Search label={t("panel.searchFunctions")} value={typed} onChange={setTyped} />
      {groups.length === 0 ? <p>{t("state.noMatch")}</p> : null}
      {groups.map(([title, functions]) => (
        <details key={title} open={wanted !== ""}>
          <summary>
            <span className="insert-title">{title}</span>{" "}
            <span className="insert-brief">{functions.length}</span>
          </summary>
          <ul className="insert-list">
            {functions.map((one) => (
              <li key={one.name}>
                <One fn={one} onInsert={onInsert} />
              </li>
            ))}
          </ul>
        </details>
      ))}
    </div>
  );
}

function One({
  fn,
  onInsert,
}: {
  readonly fn: FormulaFunction;
  readonly onInsert: (text: string, caret?: number) => void;
}) {
  const { t } = useLocale();
  const [open, setOpen] = useState(false);
  const begin = `{${fn.name}:${fn.parameters.length === 0 ? "" : " "}`;
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>{fn.name}</code> <span className="insert-brief">{brief(fn.doc, 80)}</span>
      </summary>
      {open ? (
        <div className="insert-inside">
          <p>
            <code>{fn.signature}</code>
          </p>
          <p>{fn.doc}</p>
          {fn.aliases.length > 0 ? (
            <p className="field-hint">{t("panel.alsoCalled", fn.aliases.join(", "))}</p>
          ) : null}
          {fn.examples.slice(0, 4).map((example) => (
            <pre key={example.formula} className="insert-example">
              {example.formula}
              {Object.keys(example.data).length > 0
                ? `\n${t("panel.exampleWith")} ${brief(example.data, 200)}`
                : ""}
              {`\n→ ${example.error ?? example.like ?? brief(example.result, 200)}`}
            </pre>
          ))}
          <Button icon="plus" onClick={() => onInsert(`${begin}}`, begin.length)}>
            {t("panel.insertWhole", fn.name)}
          </Button>
        </div>
      ) : null}
    </details>
  );
}
