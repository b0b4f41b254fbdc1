import type { RunDetail } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Checkbox, Dialog, Field, Loading, Problem, TextArea } from "../ui";
import { usePaths } from "./paths";
import { hasMasked } from "./values";

type Props = {
  readonly automationId: string;
  readonly run: RunDetail;
  /** The block that gave what the run began with. */
  readonly start: string | null;
  readonly onClose: () => void;
};

/** A new run like an earlier one, with the same inputs or with others. */
export function RerunDialog({ automationId, run, start, onClose }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const queries = useQueryClient();
  const paths = usePaths();
  const [, navigate] = useLocation();
  const [text, setText] = useState<string | null>(null);
  const [same, setSame] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const earlier = useQuery({
    queryKey: ["automations", automationId, "runs", run.id, "start", start],
    queryFn: async ({ signal }) => {
      const [first] = (
        await api.workflows.getRunExecutions(automationId, run.id, start ?? "", { limit: 1 }, { signal })
      ).data;
      if (first === undefined) return null;
      if (first.outputRef === null) return first.output;
      const kept = await api.workflows.getRunExecutionData(automationId, run.id, first.id, "output", {
        signal,
      });
      return kept.cut ? undefined : (kept.value ?? null);
    },
    enabled: start !== null,
  });
  const known = earlier.data;
  useEffect(() => {
    if (text === null && known !== undefined) setText(known === null ? "" : JSON.stringify(known, null, 2));
  }, [text, known]);
  const before = known === undefined || known === null ? "" : JSON.stringify(known, null, 2);
  const changed = text !== null && text !== before;

  const rerun = useMutation({
    mutationFn: async () => {
      const version = same ? ("same" as const) : ("current" as const);
      if (!changed) return api.workflows.rerunRun(automationId, run.id, { version });
      return api.workflows.rerunRun(automationId, run.id, {
        version,
        inputs: text.trim() === "" ? null : JSON.parse(text),
      });
    },
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["automations", automationId, "runs"] });
      onClose();
      navigate(paths.run(automationId, made.id));
    },
  });
  const submit = () => {
    try {
      if (changed && text.trim() !== "") JSON.parse(text);
    } catch (error) {
      setFault(t("runs.notJson", error instanceof Error ? error.message : ""));
      return;
    }
    setFault(null);
    rerun.mutate();
  };
  return (
    <Dialog
      title={t("runs.rerun")}
      wide
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" icon="play" busy={rerun.isPending} onClick={submit}>
            {t("runs.rerunAction")}
          </Button>
        </>
      }
    >
      <p>{t("runs.rerunText")}</p>
      {start !== null && earlier.isPending ? (
        <Loading />
      ) : (
        <Field
          label={t("runs.rerunInputs")}
          hint={changed && hasMasked(text) ? t("runs.rerunMasked") : t("runs.rerunHint")}
          error={fault ?? undefined}
        >
          {(wired) => (
            <TextArea
              {...wired}
              className="runs-json"
              rows={14}
              spellCheck={false}
              value={text ?? ""}
              onChange={setText}
            />
          )}
        </Field>
      )}
      <Checkbox
        label={t("runs.rerunSame")}
        hint={t("runs.rerunSameHint")}
        checked={same}
        onChange={setSame}
      />
      {rerun.isError ? <Problem error={rerun.error} /> : null}
    </Dialog>
  );
}
