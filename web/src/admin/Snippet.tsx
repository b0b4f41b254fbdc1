import { useState } from "react";
import { useLocale } from "../i18n";
import { CopyButton, Field, Select, TextInput } from "../ui";
import { useOemQuery } from "./data";

const PARTS = ["templates", "connect", "studio"] as const;

function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/** What a partner puts into a page to show Tieline in it. */
export function snippet(origin: string, part: string, appId: string, tokenUrl: string): string {
  return `<script src="${attribute(origin)}/embed.js" async></script>
<tieline-${part} partner="${attribute(appId)}" token-url="${attribute(tokenUrl)}"></tieline-${part}>`;
}

export function Snippet() {
  const { t } = useLocale();
  const [part, setPart] = useState<string>("templates");
  const me = useOemQuery(["me"], (oem, signal) => oem.getMe({ signal }));
  const [typed, setTyped] = useState<string | null>(null);
  const appId = typed ?? me.data?.app_id ?? "";
  const [tokenUrl, setTokenUrl] = useState("/tieline-token");
  const text = snippet(location.origin, part, appId.trim() || "YOUR-APP-ID", tokenUrl);
  return (
    <section className="settings-section">
      <h2>{t("admin.snippet")}</h2>
      <p>{t("admin.snippetText")}</p>
      <div className="settings-row">
        <Field label={t("admin.part")}>
          {(wired) => (
            <Select
              {...wired}
              value={part}
              onChange={setPart}
              options={PARTS.map((value) => ({ value, label: t(`admin.part.${value}`) }))}
            />
          )}
        </Field>
        <Field label={t("admin.appId")}>
          {(wired) => <TextInput {...wired} spellCheck={false} value={appId} onChange={setTyped} />}
        </Field>
        <Field label={t("admin.tokenUrl")}>
          {(wired) => <TextInput {...wired} spellCheck={false} value={tokenUrl} onChange={setTokenUrl} />}
        </Field>
      </div>
      <pre className="settings-code">
        <code>{text}</code>
      </pre>
      <div>
        <CopyButton text={text} />
      </div>
    </section>
  );
}
