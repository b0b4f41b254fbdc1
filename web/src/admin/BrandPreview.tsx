import type { CSSProperties } from "react";
import { useLocale } from "../i18n";
import type { Theme } from "./branding";
import { PLAIN, sixDigits } from "./branding";
import { colour } from "./contrast";

type Props = {
  readonly theme: Theme;
  readonly colours: { readonly brand: string; readonly text: string };
  readonly name: string;
  readonly font: string;
  readonly radius: number;
  readonly logo: string | null;
};

const FONTS: Readonly<Record<string, string>> = {
  system: "system-ui, sans-serif",
  serif: 'Georgia, "Noto Serif", serif',
  rounded: 'ui-rounded, "Nunito", system-ui, sans-serif',
  mono: "ui-monospace, Menlo, Consolas, monospace",
};

/** A small piece of what customers see. Nothing in it can be pressed: it is a picture. */
export function Preview({ theme, colours, name, font, radius, logo }: Props) {
  const { t } = useLocale();
  const [surface, page] = PLAIN.grounds[theme];
  // Both themes are shown at once, so each says its own colours.
  const own: Record<string, string> = {
    "--surface": surface,
    "--page": page,
    "--text": PLAIN.words[theme],
    "--line": PLAIN.lines[theme],
    "--radius": `${radius}px`,
    fontFamily: FONTS[font] ?? "",
  };
  if (colour(colours.brand) !== null) own["--brand"] = sixDigits(colours.brand);
  if (colour(colours.text) !== null) own["--brand-text"] = sixDigits(colours.text);
  return (
    <div
      role="img"
      aria-label={t("admin.previewOf", t(`theme.${theme}`))}
      className="admin-preview"
      style={own as CSSProperties}
    >
      <div className="admin-preview-head" aria-hidden="true">
        {logo === null ? null : <img src={logo} alt="" height={24} />}
        <strong>{name.trim() === "" ? t("app.name") : name}</strong>
      </div>
      <div className="admin-preview-card" aria-hidden="true">
        <span>{t("admin.previewCard")}</span>
        <span className="button button-primary">{t("admin.previewButton")}</span>
      </div>
    </div>
  );
}
