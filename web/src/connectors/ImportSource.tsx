import { type DragEvent, useId, useRef, useState } from "react";
import { useLocale } from "../i18n";
import { Button, Field, Icon, Problem, TextArea, TextInput } from "../ui";
import type { Given } from "./api";
import { bodyOf, TooLarge } from "./reading";

type Props = {
  readonly busy: boolean;
  readonly onGiven: (given: Given) => void;
};

/** Where the documentation comes from: files, an address, or text from the clipboard. */
export function ImportSource({ busy, onGiven }: Props) {
  const { t } = useLocale();
  const address = useId();
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [url, setUrl] = useState("");
  const [text, setText] = useState("");
  const [failed, setFailed] = useState<unknown>(null);
  const [wrong, setWrong] = useState(false);

  const take = (files: readonly File[]) => {
    if (busy || files.length === 0) return;
    setFailed(null);
    const label = files.map((file) => file.name).join(", ");
    bodyOf(files).then(
      (body) => onGiven({ label, body }),
      (error: unknown) =>
        setFailed(error instanceof TooLarge ? new Error(t("connectors.filesTooLarge")) : error),
    );
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take([...event.dataTransfer.files]);
  };
  return (
    <div className="stack">
      {failed === null ? null : <Problem error={failed} />}
      <div
        className={over ? "connectors-drop connectors-drop-over" : "connectors-drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Icon name="upload" size={28} />
        <p>{t("connectors.drop")}</p>
        <Button icon="file" disabled={busy} onClick={() => picker.current?.click()}>
          {t("connectors.chooseFiles")}
        </Button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label={t("connectors.chooseFiles")}
          onChange={(event) => {
            take([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        <p className="muted">{t("connectors.formats")}</p>
      </div>
      <form
        aria-labelledby={address}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const bad = !/^https?:\/\/[^\s/]+/i.test(url.trim());
          setWrong(bad);
          if (!bad && !busy) onGiven({ label: url.trim(), body: { source: url.trim() } });
        }}
      >
        <Field
          label={<span id={address}>{t("connectors.address")}</span>}
          hint={t("connectors.addressHint")}
          {...(wrong && { error: t("connectors.addressWrong") })}
        >
          {(wired) => (
            <div className="control-row">
              <TextInput
                {...wired}
                data-autofocus
                type="url"
                inputMode="url"
                placeholder="https://api.example.com/openapi.json"
                value={url}
                onChange={setUrl}
              />
              <Button type="submit" look="primary" busy={busy}>
                {t("connectors.read")}
              </Button>
            </div>
          )}
        </Field>
      </form>
      <details className="lazy">
        <summary>{t("connectors.paste")}</summary>
        <Field label={t("connectors.pasteLabel")}>
          {(wired) => <TextArea {...wired} rows={8} spellCheck={false} value={text} onChange={setText} />}
        </Field>
        <Button
          disabled={text.trim() === ""}
          busy={busy}
          onClick={() => onGiven({ label: t("connectors.pasted"), body: { document: text } })}
        >
          {t("connectors.read")}
        </Button>
      </details>
    </div>
  );
}
