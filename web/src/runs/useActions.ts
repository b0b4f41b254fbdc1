import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { download, useConfirm, useToast } from "../ui";
import type { RunStatus } from "./liveStore";

const RETRYABLE: ReadonlySet<string> = new Set(["failed", "stopped", "exceeded limit"]);

/** What can be done with a run in a state. */
export function possible(status: RunStatus) {
  const active = ["not started", "queued", "starting", "running"].includes(status);
  return {
    stop: active || status === "paused",
    pause: active,
    resume: status === "paused",
    retry: RETRYABLE.has(status),
  };
}

type Action = "stop" | "pause" | "resume" | "retry" | "retryNewest";

/** Stop, pause, resume and retry; `onGoing` hears when a run that stood still goes on. */
export function useActions(automationId: string, runId: string, onGoing: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const confirm = useConfirm();
  const { t } = useLocale();
  const acting = useMutation({
    mutationFn: async (action: Action) => {
      const { workflows } = api;
      if (action === "stop") await workflows.stopRun(automationId, runId);
      else if (action === "pause") await workflows.pauseRun(automationId, runId);
      else if (action === "resume") await workflows.resumeRun(automationId, runId);
      else await workflows.retryRun(automationId, runId, action === "retry" ? {} : { version: "newest" });
      return action;
    },
    onSuccess: (action) => {
      toast.say(t(`runs.done.${action === "retryNewest" ? "retry" : action}`));
      onGoing();
    },
    onError: (error) => toast.fail(error),
    onSettled: () => queries.invalidateQueries({ queryKey: ["automations", automationId, "runs"] }),
  });
  const log = useMutation({
    mutationFn: () => api.workflows.getDebugLog(automationId, runId),
    onSuccess: (text) => download(`run-${runId}.jsonl`, text, "application/x-ndjson"),
    onError: (error) => toast.fail(error),
  });
  return {
    busy: acting.isPending ? acting.variables : null,
    act: (action: Action) => acting.mutate(action),
    stop: async () => {
      const sure = await confirm({
        title: t("runs.stopTitle"),
        text: t("runs.stopText"),
        action: t("runs.stop"),
        danger: true,
      });
      if (sure) acting.mutate("stop");
    },
    exporting: log.isPending,
    exportLog: () => log.mutate(),
  };
}
