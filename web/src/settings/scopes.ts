export const RESOURCES = [
  "automations",
  "connections",
  "connectors",
  "webhooks",
  "spaces",
  "items",
  "users",
  "web-integrations",
  "csp-origins",
  "tenants",
  "api-keys",
  "oauth-clients",
  "oauth-tokens",
] as const;

export type Level = "none" | "read" | "change";
export type Chosen = Readonly<Record<string, Level>>;

/** The scopes of what was chosen, in the order of the resources. */
export function scopesOf(chosen: Chosen): string[] {
  return RESOURCES.flatMap((name) => {
    const level = chosen[name] ?? "none";
    if (level === "none") return [];
    return level === "read" ? [`${name}:read`] : [name];
  });
}
