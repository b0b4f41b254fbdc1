import { useState } from "react";
import { useLocale } from "../../../i18n";
import { TextArea, type Wired } from "../../../ui";
import type { Json } from "../../document";
import { asText, readJson } from "../values";

type Props = {
  readonly label: string;
  readonly value: Json;
  readonly onChange: (value: Json) => void;
  readonly readOnly: boolean;
  readonly wired?: Partial<Wired>;
};

/** A value as JSON. What is no JSON (yet) is said, and is not taken over. */
export function JsonField({ label, value, onChange, readOnly, wired = {} }: Props) {
  const { t } = useLocale();
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? (typeof value === "string" ? JSON.stringify(value) : asText(value));
  const found = typed === null ? null : readJson(typed);
  const error = found !== null && "error" in found ? found.error : null;
  return (
    <div className="panel-json">
      <TextArea
        {...wired}
        aria-label={label}
        className="panel-mono"
        rows={Math.min(14, Math.max(3, text.split("\n").length))}
        spellCheck={false}
        readOnly={readOnly}
        value={text}
        aria-invalid={error === null ? undefined : true}
        onChange={(next) => {
          setTyped(next);
          const read = readJson(next);
          if ("value" in read) onChange(read.value);
        }}
        onBlur={() => {
          if (error === null) setTyped(null);
        }}
      />
      {error === null ? null : (
        <p className="field-error" role="alert">
          {t("panel.notJson", error)}
        </p>
      )}
    </div>
  );
}
