import type { Integration, OfferedTemplate } from "@client";

export type Status = "setup" | "off" | "unused" | "failing" | "active";

/** How an integration is, in one word: what somebody has to know who does not open it. */
export function statusOf(one: Pick<Integration, "state" | "setupComplete" | "lastRunStatus">): Status {
  if (!one.setupComplete) return "setup";
  if (one.state !== "available") return "off";
  if (one.lastRunStatus === null || one.lastRunStatus === "not started") return "unused";
  return one.lastRunStatus === "failed" || one.lastRunStatus === "exceeded limit" ? "failing" : "active";
}

const URGENCY: readonly Status[] = ["failing", "setup", "off", "unused", "active"];

/** Of several integrations of one template the one that wants attention most; null where there is none. */
export function worst(of: readonly Integration[]): Status | null {
  const found = new Set(of.map(statusOf));
  return URGENCY.find((status) => found.has(status)) ?? null;
}

export type Group = {
  readonly id: string;
  readonly name: string;
  readonly templates: readonly OfferedTemplate[];
};

/** Templates under their groups in the order in which these appear; those of no group come last. */
export function grouped(templates: readonly OfferedTemplate[]): Group[] {
  const found = new Map<string, { id: string; name: string; templates: OfferedTemplate[] }>();
  const alone: OfferedTemplate[] = [];
  for (const template of templates) {
    if (template.groups.length === 0) alone.push(template);
    for (const { id, name } of template.groups) {
      const group = found.get(id) ?? { id, name, templates: [] };
      group.templates.push(template);
      found.set(id, group);
    }
  }
  return alone.length === 0
    ? [...found.values()]
    : [...found.values(), { id: "", name: "", templates: alone }];
}

/** Those whose name, texts or groups have every word of what is searched for. */
export function matching<T extends { readonly name: string; readonly shortDescription: string }>(
  listed: readonly T[],
  wanted: string,
): T[] {
  const words = wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return listed.filter((one) => {
    const text = `${one.name} ${one.shortDescription} ${groupsOf(one)}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function groupsOf(one: object): string {
  return "groups" in one && Array.isArray(one.groups) ? one.groups.map((group) => group.name).join(" ") : "";
}
