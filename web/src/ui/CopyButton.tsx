import { useState } from "react";
import { useLocale } from "../i18n";
import { Button, type Look } from "./Button";

/** Puts a text on the clipboard, and says so. */
export function CopyButton({
  text,
  label,
  look = "plain",
}: {
  readonly text: string;
  readonly label?: string;
  readonly look?: Look;
}) {
  const { t } = useLocale();
  const [done, setDone] = useState(false);
  return (
    <Button
      look={look}
      icon={done ? "check" : "copy"}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 2000);
        });
      }}
    >
      <span aria-live="polite">{done ? t("action.copied") : (label ?? t("action.copy"))}</span>
    </Button>
  );
}
