import type { TestRunDetail } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../../api";
import { useLocale } from "../../i18n";
import { save as saveNow } from "../saving";
import { usePanel } from "./context";

const WAIT = 20;

export type Trial = { readonly only: true } | { readonly until: true };

/** Tests one block on sample data, or runs the automation as far as this block. What is edited is saved before. */
export function useTrial(runId: string | null) {
  const api = useApi();
  const { t } = useLocale();
  const { editor, block, save } = usePanel();
  const queries = useQueryClient();
  return useMutation<TestRunDetail, unknown, Trial>({
    mutationFn: async (trial) => {
      if (editor.getSnapshot().dirty) {
        if (save === undefined) await saveNow(api, editor, t("editor.unbound"));
        else if (!(await save())) throw new Error(t("panel.notSaved"));
      }
      const body = "only" in trial ? { only: block.id, runId, wait: WAIT } : { until: block.id, wait: WAIT };
      return api.workflows.testAutomation(editor.automationId, body, { timeout: (WAIT + 20) * 1000 });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["automations", editor.automationId, "runs"] }),
  });
}
