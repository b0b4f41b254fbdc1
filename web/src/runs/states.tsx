import type { Key, Translate } from "../i18n";
import { useLocale } from "../i18n";
import { Badge, Icon, type IconName, type Tone } from "../ui";
import type { BlockState, BlockStatus, RunStatus } from "./liveStore";

const RUNS: Record<RunStatus, readonly [Tone, IconName, Key]> = {
  "not started": ["neutral", "clock", "runs.status.waiting"],
  queued: ["neutral", "clock", "runs.status.waiting"],
  paused: ["info", "pause", "runs.status.paused"],
  starting: ["info", "play", "runs.status.running"],
  running: ["info", "play", "runs.status.running"],
  "must stop": ["warn", "stop", "runs.status.stopping"],
  finished: ["good", "check", "runs.status.finished"],
  "finished with warnings": ["warn", "warning", "runs.status.warnings"],
  failed: ["bad", "error", "runs.status.failed"],
  stopped: ["neutral", "stop", "runs.status.stopped"],
  "exceeded limit": ["bad", "error", "runs.status.limit"],
  gone: ["neutral", "trash", "runs.status.gone"],
};

export function runWord(status: RunStatus, t: Translate): string {
  return t((RUNS[status] ?? RUNS.queued)[2] as "runs.status.waiting");
}

export function RunBadge({ status }: { readonly status: RunStatus }) {
  const { t } = useLocale();
  const [tone, icon] = RUNS[status] ?? RUNS.queued;
  return (
    <Badge tone={tone}>
      <Icon name={icon} size={12} /> {runWord(status, t)}
    </Badge>
  );
}

const BLOCKS: Record<BlockStatus, readonly [string, IconName | null, Key]> = {
  none: ["none", null, "runs.block.none"],
  running: ["info", "play", "runs.block.running"],
  ok: ["good", "check", "runs.block.ok"],
  failed: ["bad", "error", "runs.block.failed"],
  warning: ["warn", "warning", "runs.block.warning"],
  replayed: ["good", "pin", "runs.block.replayed"],
  unfinished: ["muted", "stop", "runs.block.unfinished"],
};

export function blockWord(status: BlockStatus, t: Translate): string {
  return t(BLOCKS[status][2] as "runs.block.none");
}

/** How a block stands, as a picture; its name says the same. */
export function BlockMark({ state }: { readonly state: BlockState | null }) {
  const [tone, icon] = BLOCKS[state?.status ?? "none"];
  return (
    <span className={`runs-mark runs-${tone}`} aria-hidden="true">
      {icon === null ? <span className="runs-dot" /> : <Icon name={icon} size={14} />}
    </span>
  );
}

const CONTEXTS: Record<string, Key> = {
  test_run: "runs.context.test",
  editor: "runs.context.editor",
  detail: "runs.context.detail",
  api_sync: "runs.context.call",
  api_async: "runs.context.api",
  webhook: "runs.context.webhook",
  lookup: "runs.context.lookup",
};

/** What a run was started by. */
export function contextWord(context: string, t: Translate): string {
  const key = CONTEXTS[context];
  return key === undefined ? context : t(key as "runs.context.test");
}
