import { type Language, languages } from "../i18n";
import type { Theme } from "../theme/theme";

/** Which part of the studio a frame shows. */
export type Part = "templates" | "connect" | "studio";

/** How and what a host page wants to be shown. Whatever it sends, nothing else comes of it. */
export type Look = {
  readonly part: Part | null;
  readonly theme: Theme;
  readonly language: Language | null;
  readonly hide: ReadonlySet<string>;
  readonly template: string | null;
  readonly connector: string | null;
};

export const PLAIN: Look = {
  part: null,
  theme: "system",
  language: null,
  hide: new Set(),
  template: null,
  connector: null,
};

/** What a host may hide: the parts' own navigation, searching, runs, removal, and who is signed in. */
export const HIDEABLE = ["navigation", "search", "runs", "remove"] as const;

const PARTS: readonly Part[] = ["templates", "connect", "studio"];
const THEMES: readonly Theme[] = ["light", "dark", "system"];
const LONGEST = 255;

export function lookOf(said: Readonly<Record<string, unknown>>): Look {
  const wanted = text(said["hide"]).split(/[\s,]+/);
  const language = text(said["language"]).toLowerCase().split("-")[0] ?? "";
  return {
    part: PARTS.find((part) => part === said["part"]) ?? null,
    theme: THEMES.find((theme) => theme === said["theme"]) ?? "system",
    language: language in languages ? (language as Language) : null,
    hide: new Set(HIDEABLE.filter((flag) => wanted.includes(flag))),
    template: text(said["template"]) || null,
    connector: text(said["connector"]) || null,
  };
}

function text(value: unknown): string {
  return typeof value === "string" && value.length <= LONGEST ? value : "";
}

/** Where a visit begins, as a path of the studio. `view` is what the sign-on was for. */
export function placeOf(
  look: Look,
  view: { readonly view: string; readonly template: string | null; readonly integration: string | null },
): string {
  const template = look.template ?? view.template;
  if (look.part === "connect") return "/studio/connect";
  if (look.part === "studio") return "/studio/automations";
  if (view.integration !== null)
    return `/studio/integrations/${encodeURIComponent(view.integration)}/setup/first`;
  return template === null ? "/studio/templates" : `/studio/templates/${encodeURIComponent(template)}`;
}
