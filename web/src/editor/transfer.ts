/** Automations as files. */
import { isObject } from "./document";
import { type Written, writtenIn } from "./exact";

export type Carried = {
  readonly name: string | null;
  readonly description: string;
  readonly workspace: Record<string, unknown>;
  /** How its numbers were written. */
  readonly written: Written;
};

/** What an exported file holds: an automation with its workspace, or a workspace alone, as the original product writes it. */
export function workspaceIn(text: string): Carried | null {
  let found: unknown;
  try {
    found = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return null;
  }
  if (!isObject(found)) return null;
  const inner = isObject(found["workspace"]) ? found["workspace"] : found;
  const listed = inner["blocks"];
  if (
    !Array.isArray(listed) ||
    !listed.every(
      (block) => isObject(block) && typeof block["id"] === "string" && typeof block["type"] === "string",
    )
  )
    return null;
  return {
    name: typeof found["name"] === "string" && found["name"] !== "" ? found["name"] : null,
    description: typeof found["description"] === "string" ? found["description"] : "",
    workspace: inner as Record<string, unknown>,
    written: writtenIn(text),
  };
}

export function fileName(name: string): string {
  const plain = name.replace(/[^\p{L}\p{M}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  return `${plain.slice(0, 60) || "automation"}.json`;
}
