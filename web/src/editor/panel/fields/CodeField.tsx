import { useLayoutEffect, useRef } from "react";
import { jsonIn } from "../../../data/json";
import { useLocale } from "../../../i18n";
import { type Handle, openCode } from "../../formula/plain";
import type { EditorProps } from "../FieldEditor";
import { asText } from "../values";

/** Program text and JSON payloads: lines, indentation and bracket matching, no formulas. */
export default function CodeField({ spec, value, onChange, wired, readOnly }: EditorProps) {
  const { t } = useLocale();
  const parent = useRef<HTMLDivElement>(null);
  const handle = useRef<Handle | null>(null);
  const now = useRef({ onChange });
  now.current = { onChange };
  const text = asText(value);
  const first = useRef(text);
  const json = spec.id.includes("payload");
  useLayoutEffect(() => {
    if (parent.current === null) return;
    const attributes: Record<string, string> = { "aria-label": spec.label };
    if (wired.id !== undefined) attributes["id"] = wired.id;
    if (wired["aria-describedby"] !== undefined) attributes["aria-describedby"] = wired["aria-describedby"];
    const opened = openCode(
      parent.current,
      first.current,
      json ? "json" : "python",
      readOnly,
      attributes,
      (changed) => now.current.onChange(changed),
    );
    handle.current = opened;
    return () => opened.destroy();
  }, [spec.label, json, readOnly, wired.id, wired["aria-describedby"]]);
  useLayoutEffect(() => handle.current?.setText(text), [text]);
  const wrong = json && text.trim() !== "" && jsonIn(text) === undefined && !/^[\d"tfn]/.test(text.trim());
  return (
    <div>
      <div ref={parent} className="formula-code formula-lines" />
      <p className="field-hint">{t("panel.codeKeys")}</p>
      {wrong ? (
        <p className="field-error" role="alert">
          {t("panel.payloadNotJson")}
        </p>
      ) : null}
    </div>
  );
}
