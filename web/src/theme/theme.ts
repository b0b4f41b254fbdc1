/** Light, dark, or as the system is set; kept in this browser. */
export type Theme = "system" | "light" | "dark";

const KEPT_AS = "tieline.theme";

export function kept(): Theme {
  const found = localStorage.getItem(KEPT_AS);
  return found === "light" || found === "dark" ? found : "system";
}

/** Shows the page so. */
export function wear(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function choose(theme: Theme): void {
  localStorage.setItem(KEPT_AS, theme);
  wear(theme);
}
