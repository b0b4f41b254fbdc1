import { useRouter } from "wouter";

/** The address of what is around all features (`/studio`, or a partner's frame), from any of them. */
export function rootOf(base: string): string {
  const at = base.search(/\/(automations|runs)(\/|$)/);
  return at < 0 ? base : base.slice(0, at);
}

/** Addresses across features; `~` tells the router that they are whole. */
export function usePaths() {
  const root = `~${rootOf(useRouter().base)}`;
  return {
    runs: `${root}/runs`,
    automations: `${root}/automations`,
    automation: (id: string) => `${root}/automations/${id}`,
    block: (id: string, block: string, run: string) =>
      `${root}/automations/${id}?${new URLSearchParams({ block, run })}`,
    runsOf: (id: string) => `${root}/automations/${id}/runs`,
    run: (id: string, run: string) => `${root}/automations/${id}/runs/${run}`,
    versions: (id: string, query = "") => `${root}/automations/${id}/versions${query}`,
  };
}
