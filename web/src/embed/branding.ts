import { isRecord } from "../data/json";

// A partner's colours. A closed set of tokens, each value of a closed form, set through the CSSOM: what a partner has
// written can be a colour, a length or one of our fonts, and nothing that reaches further.

const COLOURS = { brand: "--brand", brandText: "--brand-text" } as const;
const FONTS: Readonly<Record<string, string>> = {
  system: 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif',
  serif: 'Georgia, "Noto Serif", serif',
  rounded: 'ui-rounded, "SF Pro Rounded", "Nunito", system-ui, sans-serif',
  mono: "ui-monospace, Menlo, Consolas, monospace",
};
const ROUNDEST = 16;
const HEX = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;
const BOTH = /^light-dark\((#[0-9a-f]{3,6}), ?(#[0-9a-f]{3,6})\)$/i;
const LOGO = /^data:image\/(?:png|webp);base64,[A-Za-z0-9+/=]+$/;

/** What a partner's frames show in place of ours. */
export type Branding = {
  readonly name: string | null;
  readonly logo: string | null;
  readonly hide: readonly string[];
  /** CSS properties with their values. */
  readonly properties: ReadonlyMap<string, string>;
};

/** `ours` gives the value that a property has without a partner. What is not understood is left out. */
export function brandingOf(said: unknown, ours: (property: string) => string = computed): Branding {
  const given = isRecord(said) ? said : {};
  const properties = new Map<string, string>();
  for (const [name, property] of Object.entries(COLOURS)) {
    const value = colour(given[name], () => ours(property));
    if (value !== null) properties.set(property, value);
  }
  const { radius, font, productName, logo, hide } = given;
  if (typeof radius === "number" && radius >= 0 && radius <= ROUNDEST)
    properties.set("--radius", `${radius}px`);
  const known = typeof font === "string" ? FONTS[font] : undefined;
  if (known !== undefined) properties.set("--font", known);
  return {
    name: typeof productName === "string" && productName !== "" ? productName : null,
    logo: typeof logo === "string" && LOGO.test(logo) ? logo : null,
    hide: Array.isArray(hide) ? hide.filter((one) => typeof one === "string") : [],
    properties,
  };
}

/** `{light, dark}`; where one of the two is not given, ours stays in that theme. */
function colour(value: unknown, ours: () => string): string | null {
  if (!isRecord(value)) return null;
  const [light, dark] = [value["light"], value["dark"]].map((one) =>
    typeof one === "string" && HEX.test(one) ? one : null,
  );
  if (!light && !dark) return null;
  const [, lighter, darker] = BOTH.exec(ours().trim()) ?? [];
  return `light-dark(${light ?? lighter ?? dark}, ${dark ?? darker ?? light})`;
}

function computed(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property);
}

export function wear(branding: Branding, style: CSSStyleDeclaration = document.documentElement.style): void {
  for (const [name, value] of branding.properties) style.setProperty(name, value);
}
