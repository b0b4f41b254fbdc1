import { useEffect, useLayoutEffect, useRef } from "react";
import { type Handle, openEditor } from "./code";
import type { Offer } from "./complete";
import { useFormulas } from "./context";
import { brief } from "./data";

export type CodeProps = {
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly selection: readonly [number, number] | null;
  readonly multiline: boolean;
  readonly placeholder: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly fault: number | null;
  /** Gives what the buttons beside the field work with. */
  readonly onReady: (handle: Handle | null) => void;
};

/** The field with colours and completion; it takes the place of the plain one when somebody enters that. */
export default function FormulaCode(props: CodeProps) {
  const { value, fault } = props;
  const parent = useRef<HTMLDivElement>(null);
  const handle = useRef<Handle | null>(null);
  const formulas = useFormulas();
  const now = useRef({ ...props, formulas });
  now.current = { ...props, formulas };

  useLayoutEffect(() => {
    if (parent.current === null) return;
    const { value: text, selection, multiline, placeholder, attributes, onReady } = now.current;
    const setup = {
      text,
      selection,
      multiline,
      readOnly: now.current.formulas.readOnly,
      placeholder,
      attributes,
    };
    const opened = openEditor(parent.current, setup, {
      data: () => now.current.formulas.data,
      library: () => now.current.formulas.library,
      onChange: (changed) => now.current.onChange(changed),
      describe,
    });
    handle.current = opened;
    onReady(opened);
    opened.begin();
    return () => {
      handle.current = null;
      onReady(null);
      opened.view.destroy();
    };
  }, []);
  useEffect(() => handle.current?.setText(value), [value]);
  useEffect(() => handle.current?.setFault(fault), [fault]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours depend on which functions there are
  useEffect(() => handle.current?.refresh(), [formulas.library]);
  return <div ref={parent} className={props.multiline ? "formula-code formula-tall" : "formula-code"} />;
}

/** The card beside a completion: what a function does, or what a path leads to. */
function describe(offer: Offer): Node | null {
  const card = document.createElement("div");
  card.className = "formula-card";
  const line = (tag: string, text: string, name: string) => {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = name;
    card.append(made);
  };
  if (offer.fn !== undefined) {
    line("code", offer.fn.signature, "formula-card-head");
    line("p", offer.fn.doc, "formula-card-text");
    const example = offer.fn.examples[0];
    if (example !== undefined)
      line("code", `${example.formula} → ${brief(example.result, 80)}`, "formula-card-example");
    return card;
  }
  if (offer.title !== undefined && offer.title !== "") line("div", offer.title, "formula-card-head");
  if (offer.value !== undefined) line("pre", shown(offer.value), "formula-card-value");
  if (offer.doc !== undefined) line("p", offer.doc, "formula-card-text");
  return card.childNodes.length === 0 ? null : card;
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 1) ?? "");
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
