import type { Branding } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { faultAt, faultElsewhere } from "../settings/faults";
import {
  Button,
  Checkbox,
  Field,
  FieldGroup,
  Loading,
  NumberInput,
  Problem,
  Select,
  TextInput,
  useToast,
} from "../ui";
import { BrandColour } from "./BrandColour";
import { Preview } from "./BrandPreview";
import {
  type Colours,
  checks,
  FONTS,
  HIDEABLE,
  PLAIN,
  pictureOf,
  ROUNDEST,
  sixDigits,
  THEMES,
} from "./branding";
import { useOemQuery } from "./data";

const KEY = ["branding"];
const FIELDS = [
  "product_name",
  "brand/light",
  "brand/dark",
  "brand_text/light",
  "brand_text/dark",
  "radius",
  "logo",
];

/** How the partner's customers see Tieline. */
export function BrandingEditor() {
  const { t } = useLocale();
  const branding = useOemQuery(KEY, (oem, signal) => oem.getBranding({ signal }));
  return (
    <section className="settings-section">
      <h2>{t("admin.branding")}</h2>
      <p>{t("admin.brandingText")}</p>
      {branding.isPending ? <Loading /> : null}
      {branding.isError ? <Problem error={branding.error} onRetry={() => void branding.refetch()} /> : null}
      {branding.data === undefined ? null : <Editor key={branding.dataUpdatedAt} branding={branding.data} />}
    </section>
  );
}

function coloursOf({ brand, brand_text: text }: Branding): Colours {
  const of = (theme: (typeof THEMES)[number]) => ({
    brand: brand?.[theme] ?? PLAIN.brand[theme],
    text: text?.[theme] ?? PLAIN.brandText[theme],
  });
  return { light: of("light"), dark: of("dark") };
}

function Editor({ branding }: { readonly branding: Branding }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [name, setName] = useState(branding.product_name ?? "");
  const [colours, setColours] = useState(() => coloursOf(branding));
  const [font, setFont] = useState<(typeof FONTS)[number]>(branding.font ?? "system");
  const [radius, setRadius] = useState<number | null>(branding.radius ?? 6);
  const [logo, setLogo] = useState(branding.logo ?? null);
  const [logoFault, setLogoFault] = useState(false);
  const [hide, setHide] = useState<readonly (typeof HIDEABLE)[number][]>(branding.hide ?? []);
  const save = useMutation({
    mutationFn: async () => {
      const pair = (of: "brand" | "text") => ({
        light: sixDigits(colours.light[of]),
        dark: sixDigits(colours.dark[of]),
      });
      return (await api.oem()).putBranding({
        product_name: name.trim() === "" ? null : name.trim(),
        brand: pair("brand"),
        brand_text: pair("text"),
        font,
        radius,
        logo,
        hide: [...hide],
      });
    },
    onSuccess: (kept) => {
      toast.say(t("settings.saved"));
      queryClient.setQueryData(["oem", ...KEY], kept);
    },
  });
  const found = checks(colours);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  };
  const choose = async (file: File | undefined) => {
    if (file === undefined) return;
    const picture = await pictureOf(file);
    setLogoFault(picture === null);
    if (picture !== null) setLogo(picture);
  };
  const other = faultElsewhere(save.error, FIELDS);
  return (
    <form className="settings-section" onSubmit={submit}>
      {other ? <Problem error={other} /> : null}
      <div className="settings-form">
        <Field
          label={t("admin.product")}
          hint={t("admin.productHint")}
          error={faultAt(save.error, "product_name")}
        >
          {(wired) => <TextInput {...wired} maxLength={60} value={name} onChange={setName} />}
        </Field>
      </div>
      {THEMES.map((theme) => (
        <FieldGroup key={theme} legend={t(`theme.${theme}`)}>
          <div className="admin-colours">
            {(["brand", "text"] as const).map((of) => (
              <BrandColour
                key={of}
                label={t(`admin.colour.${of}`)}
                value={colours[theme][of]}
                check={found.find((one) => one.theme === theme && one.of === of)}
                error={faultAt(save.error, `${of === "brand" ? "brand" : "brand_text"}/${theme}`)}
                onChange={(value) => setColours({ ...colours, [theme]: { ...colours[theme], [of]: value } })}
              />
            ))}
          </div>
        </FieldGroup>
      ))}
      <div className="admin-previews">
        {THEMES.map((theme) => (
          <Preview
            key={theme}
            theme={theme}
            colours={colours[theme]}
            name={name}
            font={font}
            radius={radius ?? 0}
            logo={logo}
          />
        ))}
      </div>
      <div className="settings-form">
        <Field label={t("admin.font")}>
          {(wired) => (
            <Select
              {...wired}
              value={font}
              onChange={(value) => setFont(value as typeof font)}
              options={FONTS.map((value) => ({ value, label: t(`admin.font.${value}`) }))}
            />
          )}
        </Field>
        <Field
          label={t("admin.radius")}
          hint={t("admin.radiusHint", ROUNDEST)}
          error={faultAt(save.error, "radius")}
        >
          {(wired) => <NumberInput {...wired} value={radius} onChange={setRadius} />}
        </Field>
        <Field
          label={t("admin.logo")}
          hint={t("admin.logoHint")}
          error={logoFault ? t("admin.logoWrong") : faultAt(save.error, "logo")}
        >
          {(wired) => (
            <input
              {...wired}
              type="file"
              accept="image/png,image/webp"
              onChange={(event) => void choose(event.target.files?.[0])}
            />
          )}
        </Field>
        {logo === null ? null : (
          <div className="settings-row">
            <img src={logo} alt={t("admin.logo")} height={40} />
            <Button icon="trash" onClick={() => setLogo(null)}>
              {t("admin.logoRemove")}
            </Button>
          </div>
        )}
        <FieldGroup legend={t("admin.hide")} hint={t("admin.hideHint")}>
          {HIDEABLE.map((part) => (
            <Checkbox
              key={part}
              label={t(`admin.hide.${part}`)}
              checked={hide.includes(part)}
              onChange={(on) => setHide(on ? [...hide, part] : hide.filter((one) => one !== part))}
            />
          ))}
        </FieldGroup>
        <div>
          <Button type="submit" look="primary" busy={save.isPending}>
            {t("admin.brandingSave")}
          </Button>
        </div>
      </div>
    </form>
  );
}
