import type { BlockHistory, PreviewFormula } from "@client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useRef, useSyncExternalStore } from "react";
import { type Api, useApi } from "../../api";
import { blockOf, type Doc, inputOf } from "../document";
import { references } from "../references";
import type { Editor } from "../store";
import { type Library, NO_LIBRARY } from "./complete";
import type { Datum } from "./data";
import { asItem, exampleOf, inScope, loopsAround, type Named } from "./scope";
import { useKnownOutputs } from "./useKnownOutputs";

export function useDoc(editor: Editor): Doc {
  return useSyncExternalStore(editor.subscribe, () => editor.getSnapshot().doc);
}

/** The functions and operators of formulas. They change with the server only. */
export function useLibrary(): Library {
  const api = useApi();
  const found = useQuery({
    queryKey: ["formulas", "functions"],
    queryFn: ({ signal }) => api.workflows.getFormulaFunctions({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return found.data ?? NO_LIBRARY;
}

const LOOKED_AT = 8;

/** The newest run that fits: one that came to `blockId`, or (without it) one from the start on, which a test of one block is not. */
export function useLatestRun(automationId: string, blockId: string | null, startId: string | null = null) {
  const api = useApi();
  const queries = useQueryClient();
  return useQuery({
    queryKey: ["automations", automationId, "runs", { latest: blockId ?? startId ?? "" }],
    queryFn: async ({ signal }) => {
      const page = await api.workflows.getRuns(
        automationId,
        { limit: LOOKED_AT, sort: "-startTime" },
        { signal },
      );
      const wanted = blockId ?? startId;
      for (const run of page.data) {
        const blocks = await queries.fetchQuery({
          queryKey: ["automations", automationId, "runs", run.id, "blocks"],
          queryFn: () => api.workflows.getRunBlocks(automationId, run.id, { signal }),
          staleTime: 4000,
        });
        if (
          wanted === null ||
          blocks.data.some((one) => one.blockId === wanted && (one.executions > 0 || one.running))
        )
          return run;
      }
      return null;
    },
  });
}

export function useRunBlocks(automationId: string, runId: string | null) {
  const api = useApi();
  return useQuery({
    queryKey: ["automations", automationId, "runs", runId, "blocks"],
    queryFn: ({ signal }) => api.workflows.getRunBlocks(automationId, runId ?? "", { signal }),
    enabled: runId !== null,
  });
}

export function usePins(automationId: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["automations", automationId, "pins"],
    queryFn: ({ signal }) => api.workflows.getPins(automationId, { signal }),
  });
}

export type Samples = {
  readonly data: readonly Datum[];
  /** What a preview of this formula needs besides it. */
  readonly around: (formula: string) => Omit<PreviewFormula, "formula">;
  readonly runId: string | null;
  /** More may come in a moment. */
  readonly pending: boolean;
};

const IN_ONE = 25;
const ONE_BY_ONE = 10;

/** All that formulas of a block can read, with values of the last run, of pins, and of the examples that
 * the document and its connectors give. */
export function useSamples(editor: Editor, blockId: string, wanted: boolean): Samples {
  const api = useApi();
  const id = editor.automationId;
  const doc = useDeferredValue(useDoc(editor));
  const names = useStable(useMemo(() => (wanted ? inScope(doc, blockId) : []), [doc, blockId, wanted]));
  const start = doc.blocks.find((one) => one.type === "StartBlock")?.id ?? null;
  const latest = useLatestRun(id, null, start);
  const run = latest.data ?? null;
  const runId = wanted ? (run?.id ?? null) : null;
  const history = useRunBlocks(id, runId).data?.data;
  const path = usePlaceInRun(api, editor, blockId, runId, history, doc);
  const readable = names.filter((one) => one.kind === "variable" || ran(one, history)).map((one) => one.name);
  const values = useQuery({
    queryKey: ["automations", id, "runs", runId, "sample", path, readable.join("\n")],
    queryFn: ({ signal }) => valuesOf(api, runId ?? "", path ?? null, readable, signal),
    enabled: runId !== null && history !== undefined && path !== undefined && readable.length > 0,
    staleTime: 60_000,
  });
  const pins = usePins(id).data?.data;
  const outputs = useKnownOutputs(doc, names);
  const own = useOwnList(api, doc, blockId, names, runId, path ?? null);
  const data = useStable(
    useMemo<readonly Datum[]>(
      () => names.map((one) => ({ ...one, ...sampleOf(one, doc, values.data, pins, own, outputs) })),
      [names, doc, values.data, pins, own, outputs],
    ),
  );
  const pending =
    wanted &&
    (latest.isPending ||
      (runId !== null && (history === undefined || path === undefined || values.isLoading)));
  return useMemo(
    () => ({ data, runId, pending, around: (formula) => aroundOf(formula, data, runId, path ?? null) }),
    [data, runId, pending, path],
  );
}

/** The list of before as long as its entries say the same, so that typing in one field leaves the others alone. */
function useStable<T extends object>(list: readonly T[]): readonly T[] {
  const kept = useRef(list);
  const same =
    kept.current.length === list.length && list.every((one, at) => shallow(one, kept.current[at] as T));
  if (!same) kept.current = list;
  return kept.current;
}

function shallow(one: object, other: object): boolean {
  const fields = Object.entries(one);
  const others = other as Record<string, unknown>;
  return (
    fields.length === Object.keys(other).length &&
    fields.every(([name, value]) => Object.is(value, others[name]))
  );
}

function ran(one: Named, history: readonly BlockHistory[] | undefined): boolean {
  const found = history?.find((entry) => entry.blockId === one.blockId);
  return found !== undefined && (found.executions > 0 || found.running || found.records > 0);
}

/** Where in the run the block's formulas stand: at its own last execution, else in the first item of the loops around it. */
function usePlaceInRun(
  api: Api,
  editor: Editor,
  blockId: string,
  runId: string | null,
  history: readonly BlockHistory[] | undefined,
  doc: Doc,
): string | null | undefined {
  const id = editor.automationId;
  const did = history?.find((one) => one.blockId === blockId && one.executions > 0) !== undefined;
  const found = useQuery({
    queryKey: ["automations", id, "runs", runId, "blocks", blockId, { first: true }],
    queryFn: async ({ signal }) => {
      const page = await api.workflows.getRunExecutions(id, runId ?? "", blockId, { limit: 1 }, { signal });
      return page.data[0]?.path ?? null;
    },
    enabled: runId !== null && did,
    staleTime: 60_000,
  });
  if (history === undefined) return undefined;
  if (did) return found.isPending ? undefined : (found.data ?? null);
  const keys = loopsAround(doc, blockId).map((loop) => history.find((one) => one.blockId === loop.id)?.path);
  if (keys.length === 0 || keys.includes(undefined)) return null;
  return `${keys.map((key) => `${key}.0`).join("/")}/b999999`;
}

type Values = ReadonlyMap<string, unknown>;

/** All in one question, as an object; one by one what is too large for that. */
async function valuesOf(
  api: Api,
  runId: string,
  path: string | null,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Values> {
  const found = new Map<string, unknown>();
  const plain = names.filter((name) => !/['"`{}[\]\\]/.test(name));
  for (let at = 0; at < plain.length; at += IN_ONE) {
    const some = plain.slice(at, at + IN_ONE);
    const parts = some.map((name) => `'${name}', {$['${name}']}`).join(", ");
    const answer = await api.workflows.previewFormula(
      { formula: `{object: ${parts}}`, runId, path },
      { signal },
    );
    const known = new Set(answer.references.filter((one) => one.known).map((one) => one.name));
    if (typeof answer.value === "object" && answer.value !== null) {
      for (const [name, value] of Object.entries(answer.value)) if (known.has(name)) found.set(name, value);
      continue;
    }
    for (const name of some.filter((one) => known.has(one)).slice(0, ONE_BY_ONE)) {
      const one = await api.workflows.previewFormula({ formula: `{$['${name}']}`, runId, path }, { signal });
      const value = one.cut
        ? (await api.workflows.previewFormula({ formula: `{$['${name}'][0:3]}`, runId, path }, { signal }))
            .value
        : one.value;
      found.set(name, value);
    }
  }
  return found;
}

/** The list that a filter or a mapping works on, for the item that its formulas read. */
function useOwnList(
  api: Api,
  doc: Doc,
  blockId: string,
  names: readonly Named[],
  runId: string | null,
  path: string | null,
): unknown {
  const block = blockOf(doc, blockId);
  const list = block === undefined ? undefined : inputOf(block, "list")?.value;
  const formula = names.some((one) => one.self) && typeof list === "string" && list !== "" ? list : null;
  const found = useQuery({
    queryKey: ["formulas", "own", runId, path, formula],
    queryFn: async ({ signal }) => {
      const answer = await api.workflows.previewFormula(
        runId === null ? { formula: formula ?? "" } : { formula: formula ?? "", runId, path },
        { signal },
      );
      return answer.value;
    },
    enabled: formula !== null,
    staleTime: 30_000,
  });
  const value = found.data;
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function sampleOf(
  one: Named,
  doc: Doc,
  values: Values | undefined,
  pins: readonly { blockId: string; output: unknown }[] | undefined,
  own: unknown,
  outputs: ReadonlyMap<string, unknown>,
): Pick<Datum, "value" | "source"> {
  if (one.self === true) return Array.isArray(own) ? { value: asItem(own), source: "run" } : {};
  const pinned = pins?.find((pin) => pin.blockId === one.blockId);
  if (pinned !== undefined)
    return { value: one.kind === "loop" ? asItem(pinned.output) : pinned.output, source: "pin" };
  if (values?.has(one.name)) {
    const value = values.get(one.name);
    // A run that ended before the loop's body knows the list, and no item of it.
    if (one.kind === "loop" && Array.isArray(value)) return { value: asItem(value), source: "example" };
    return { value, source: "run" };
  }
  const block = one.blockId === null ? undefined : blockOf(doc, one.blockId);
  const example = block === undefined ? undefined : (exampleOf(block) ?? outputs.get(block.id));
  if (example === undefined) return {};
  return { value: one.kind === "loop" ? asItem(example) : example, source: "example" };
}

/** The run gives what it knows; the rest goes with the question. */
function aroundOf(
  formula: string,
  data: readonly Datum[],
  runId: string | null,
  path: string | null,
): Omit<PreviewFormula, "formula"> {
  const names = new Set(references(formula).map((one) => one.name));
  const sample: Record<string, unknown> = {};
  for (const one of data) {
    if (!names.has(one.name) || one.value === undefined) continue;
    if (runId === null || one.source !== "run" || "self" in one) sample[one.name] = one.value;
  }
  return runId === null ? { sample } : { sample, runId, path };
}
