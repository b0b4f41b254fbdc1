/** Bringing an automation to the server and back. */
import type { ApiError, AutomationDetail, Finding, ImportReport, Schedule as StoredSchedule } from "@client";
import type { Api } from "../api";
import type { About, Base, Editor, Issue, Schedule } from "./store";

export type Loaded = {
  readonly detail: AutomationDetail;
  readonly etag: string | null;
  /** The answer as it was written, for the numbers in it. */
  readonly text?: string | undefined;
};

export async function load(api: Api, id: string, signal?: AbortSignal): Promise<Loaded> {
  let etag: string | null = null;
  let text: Promise<string> | undefined;
  const detail = await api.workflows.getAutomation(id, {
    signal,
    onResponse: (response) => {
      etag = response.headers.get("etag");
      if (response.ok) text = response.clone().text();
    },
  });
  return { detail, etag, text: await text };
}

export function aboutOf(detail: AutomationDetail): About {
  return {
    name: detail.name,
    description: detail.description,
    schedules: detail.schedules.map(scheduleOf),
    maxConcurrentRuns: detail.maxConcurrentRuns,
  };
}

const TAKEN = ["id", "startAt", "stopAt", "interval", "timezone", "recurrence", "misfire"] as const;

function scheduleOf(stored: StoredSchedule): Schedule {
  return Object.fromEntries(
    TAKEN.flatMap((field) => (stored[field] === undefined ? [] : [[field, stored[field]]])),
  );
}

export function baseOf(loaded: Loaded): Base {
  return { etag: loaded.etag, version: loaded.detail.version };
}

/** What the server says of a workspace, as the tree shows it. */
export function issuesOf(report: ImportReport | null | undefined, unbound: string): readonly Issue[] {
  if (report == null) return [];
  return [
    ...report.errors.map((one) => issue(one, "error")),
    ...report.warnings.map((one) => issue(one, "warning")),
    ...report.unbound.map((one) => ({
      code: "unbound",
      text: unbound,
      blockId: typeof one["blockId"] === "string" ? one["blockId"] : null,
      input: null,
      position: null,
      severity: "warning" as const,
    })),
  ];
}

function issue(found: Finding, severity: Issue["severity"]): Issue {
  return {
    code: found.code ?? "",
    text: found.detail ?? found.code ?? "",
    blockId: found.blockId || null,
    input: found.input || null,
    position: found.position ?? null,
    severity,
  };
}

/** Sends what is edited; throws the server's answer where it refuses. */
export async function save(api: Api, editor: Editor, unbound: string): Promise<AutomationDetail> {
  const sent = editor.sending();
  const { name, description, schedules, maxConcurrentRuns } = sent.about;
  let etag: string | null = null;
  const detail = await api.workflows.updateAutomation(
    editor.automationId,
    {
      name,
      description,
      maxConcurrentRuns,
      schedules: schedules.map((one) => ({ ...one })),
      workspace: editor.workspace() as Record<string, unknown>,
    },
    { ifMatch: editor.base.etag ?? undefined },
    {
      onResponse: (response) => {
        etag = response.headers.get("etag");
      },
    },
  );
  editor.saved(sent, { etag, version: detail.version }, issuesOf(detail.importReport, unbound));
  return detail;
}

/** Who was faster, as the server tells with a 409. */
export type Clash = {
  readonly who: string | null;
  readonly version: number | null;
  readonly at: string | null;
  readonly note: string;
};

export function clashOf(error: unknown): Clash | null {
  if (!(error instanceof Error) || !("status" in error) || !("meta" in error)) return null;
  const { status, meta } = error as ApiError;
  if ((status !== 409 && status !== 412) || !("version" in meta)) return null;
  return {
    who: typeof meta["savedByName"] === "string" && meta["savedByName"] !== "" ? meta["savedByName"] : null,
    version: typeof meta["version"] === "number" ? meta["version"] : null,
    at: typeof meta["savedAt"] === "string" ? meta["savedAt"] : null,
    note: typeof meta["note"] === "string" ? meta["note"] : "",
  };
}
