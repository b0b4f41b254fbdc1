import type { Key, Translate } from "../i18n";
import type { AuthChoice } from "./methods";

const KINDS: Readonly<Record<string, Key>> = {
  none: "connections.kind.none",
  api_key: "connections.kind.apiKey",
  basic: "connections.kind.basic",
  bearer: "connections.kind.bearer",
  digest: "connections.kind.digest",
  oauth1: "connections.kind.oauth1",
  oauth2: "connections.kind.oauth2",
  jwt_bearer: "connections.kind.jwt",
  session: "connections.kind.session",
  hmac: "connections.kind.hmac",
  custom: "connections.kind.custom",
  wsse: "connections.kind.wsse",
  soap_header: "connections.kind.soap",
};

/** A kind of authentication as people call it. */
export function kindName(kind: string, t: Translate): string {
  const key = KINDS[kind];
  return key === undefined ? kind : t(key);
}

export function choiceName(
  choice: Pick<AuthChoice, "kind" | "label" | "elsewhere" | "id">,
  t: Translate,
): string {
  if (choice.label !== "") return choice.label;
  if (choice.kind === "oauth2" && !choice.elsewhere) return t("connections.kind.oauth2App");
  return kindName(choice.kind, t);
}
