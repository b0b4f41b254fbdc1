import { type ComponentType, type FocusEvent, useEffect, useRef, useState } from "react";
import { useLocale } from "../../i18n";
import { Button, type Wired } from "../../ui";
import type { Handle } from "./code";
import { useFormulas } from "./context";
import type { CodeProps } from "./FormulaCode";
import { Insert } from "./Insert";
import { Preview, usePreview } from "./Preview";
import "./formula.css";

let Loaded: ComponentType<CodeProps> | null = null;

/** Fetches the editor's code; called when a panel opens, so that it is there when a field is entered. */
export async function loadCode(): Promise<ComponentType<CodeProps>> {
  Loaded ??= (await import("./FormulaCode")).default;
  return Loaded;
}

type Props = {
  readonly wired?: Partial<Wired>;
  /** The accessible name: what the field's label says. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly multiline?: boolean;
  readonly placeholder?: string;
  /** Where the server found an error in it. */
  readonly fault?: number | null;
};

/** A text in which formulas may stand. Until somebody enters it, it is a plain field: a panel of thirty paints at once. */
export function FormulaInput({
  wired = {},
  label,
  value,
  onChange,
  multiline = false,
  placeholder = "",
  fault = null,
}: Props) {
  const { t } = useLocale();
  const { wake, readOnly } = useFormulas();
  const [Code, setCode] = useState<ComponentType<CodeProps> | null>(null);
  const [active, setActive] = useState(false);
  const [inserting, setInserting] = useState(false);
  const plain = useRef<HTMLTextAreaElement>(null);
  const selection = useRef<readonly [number, number] | null>(null);
  const pressed = useRef(false);
  const handle = useRef<Handle | null>(null);
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined);
  const preview = usePreview(value, active && !inserting);
  const at = preview.data?.error?.position?.offset ?? fault;
  useEffect(() => () => clearTimeout(leaving.current), []);

  const swap = () =>
    void loadCode().then((found) => {
      if (plain.current === null || document.activeElement !== plain.current) return;
      selection.current = [plain.current.selectionStart, plain.current.selectionEnd];
      setCode(() => found);
    });
  const enter = () => {
    clearTimeout(leaving.current);
    setActive(true);
    wake();
    if (Code !== null) return;
    // While the pointer is down the caret is not yet where it will be.
    if (pressed.current) addEventListener("pointerup", swap, { once: true });
    else swap();
  };
  // What is below the field stays for a moment, so that nothing moves under a click that leaves it.
  const leave = (event: FocusEvent) => {
    if (event.currentTarget.contains(event.relatedTarget)) return;
    leaving.current = setTimeout(() => setActive(false), 200);
  };
  const insert = (text: string, position?: number) => {
    setInserting(false);
    if (handle.current === null) return onChange(`${value}${text}`);
    handle.current.insert(text, position);
    // The window that closes gives the focus back to its button first.
    setTimeout(() => handle.current?.view.focus());
  };
  const long = multiline || value.includes("\n");
  return (
    <div className="formula" onFocus={enter} onBlur={leave}>
      {Code === null ? (
        <textarea
          ref={plain}
          {...wired}
          className={long ? "control formula-plain formula-tall" : "control formula-plain"}
          rows={long ? Math.min(8, Math.max(3, value.split("\n").length)) : 1}
          aria-label={label}
          readOnly={readOnly}
          spellCheck={false}
          autoComplete="off"
          placeholder={placeholder}
          value={value}
          onPointerDown={() => {
            pressed.current = true;
          }}
          onPointerUp={() => {
            pressed.current = false;
          }}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !long && !event.shiftKey) event.preventDefault();
          }}
        />
      ) : (
        <Code
          value={value}
          onChange={onChange}
          selection={selection.current}
          multiline={long}
          placeholder={placeholder}
          fault={at}
          attributes={{
            ...named(wired),
            "aria-label": label,
            "aria-multiline": String(long),
            "data-formula": "",
          }}
          onReady={(ready) => {
            handle.current = ready;
          }}
        />
      )}
      {active ? (
        <div className="formula-below">
          <Preview query={preview} formula={value} />
          {readOnly ? null : (
            <Button look="bare" icon="plus" className="formula-insert" onClick={() => setInserting(true)}>
              {t("panel.insert")}
            </Button>
          )}
        </div>
      ) : null}
      {inserting ? <Insert onClose={() => setInserting(false)} onInsert={insert} /> : null}
    </div>
  );
}

function named(wired: Partial<Wired>): Record<string, string> {
  const found: Record<string, string> = {};
  if (wired.id !== undefined) found["id"] = wired.id;
  if (wired["aria-describedby"] !== undefined) found["aria-describedby"] = wired["aria-describedby"];
  if (wired["aria-invalid"] === true) found["aria-invalid"] = "true";
  if (wired.required === true) found["aria-required"] = "true";
  return found;
}
