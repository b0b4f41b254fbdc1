import { contrast } from "./contrast";

export const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
export const FONTS = ["system", "serif", "rounded", "mono"] as const;
export const HIDEABLE = ["navigation", "search", "runs", "remove"] as const;
export const LARGEST_LOGO = 64 * 1024;
export const ROUNDEST = 16;

/** How the studio looks without a partner's branding, and what its brand colour lies on (src/theme/tokens.css). */
export const PLAIN = {
  brand: { light: "#1f5fbf", dark: "#8ab8ff" },
  brandText: { light: "#ffffff", dark: "#0b1626" },
  grounds: { light: ["#ffffff", "#f6f7f9"], dark: ["#191f27", "#11151b"] },
  words: { light: "#17202b", dark: "#e8edf4" },
  lines: { light: "#d5dae1", dark: "#323c49" },
} as const;

const CONTROL = 3; // WCAG 2.2, 1.4.11
const TEXT = 4.5; // 1.4.3

export type Colours = Readonly<Record<Theme, { readonly brand: string; readonly text: string }>>;

export type Check = {
  readonly theme: Theme;
  readonly of: "brand" | "text";
  readonly ratio: number | null;
  readonly needed: number;
};

/** The weakest contrast of each colour, in both themes; the ratio is null where what was typed is no colour. */
export function checks(colours: Colours): readonly Check[] {
  return THEMES.flatMap((theme) => {
    const { brand, text } = colours[theme];
    const below = PLAIN.grounds[theme].map((ground) => contrast(brand, ground));
    const weakest = below.some((one) => one === null) ? null : Math.min(...below.map((one) => one ?? 0));
    return [
      { theme, of: "brand" as const, ratio: weakest, needed: CONTROL },
      { theme, of: "text" as const, ratio: contrast(text, brand), needed: TEXT },
    ];
  });
}

export function isEnough({ ratio, needed }: Check): boolean {
  return ratio !== null && ratio >= needed;
}

/** `#rrggbb`, as the API takes it, of what a person may write shorter. */
export function sixDigits(text: string): string {
  const plain = text.trim().replace(/^#/, "");
  const full = plain.length === 3 ? [...plain].map((one) => one + one).join("") : plain;
  return `#${full.toLowerCase()}`;
}

/** A picture as a data URL; null where it is too large or of another kind. */
export async function pictureOf(file: File): Promise<string | null> {
  if (!["image/png", "image/webp"].includes(file.type) || file.size > LARGEST_LOGO) return null;
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error());
    reader.readAsDataURL(file);
  });
}
