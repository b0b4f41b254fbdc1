import { useMutation } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { isOver, useLiveState } from "../runs/live";
import { RunBadge } from "../runs/states";
import { Button, ButtonLink, IconButton, Time, useToast } from "../ui";
import { useEditing } from "./context";

type Props = {
  readonly runId: string;
  /** A run as it is started elsewhere, not one to try with. */
  readonly whole: boolean;
  readonly onHide: () => void;
};

/** How the run stands; the blocks below tell it one by one. */
export function RunStrip({ runId, whole, onHide }: Props) {
  const { editor, live } = useEditing();
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const state = useLiveState(live);
  const stop = useMutation({
    mutationFn: () => api.workflows.stopRun(editor.automationId, runId),
    onError: (error) => toast.fail(error),
  });
  const error = state.errors[0];
  return (
    <section className="editor-strip" aria-label={t("editor.runStrip")}>
      <span role="status">
        <RunBadge status={state.status} />
      </span>
      <Time at={state.startedAt} />
      {whole || !isOver(state.status) ? null : <span className="muted">{t("editor.testLimit")}</span>}
      {error === undefined ? null : (
        <button
          type="button"
          className="editor-strip-error"
          onClick={() => editor.block(error.blockId) && editor.reveal(error.blockId)}
        >
          <bdi>{error.block}</bdi> <bdi>{error.detail || error.title}</bdi>
        </button>
      )}
      <span className="editor-space" />
      {isOver(state.status) ? null : (
        <Button icon="stop" busy={stop.isPending} onClick={() => stop.mutate()}>
          {t("editor.stop")}
        </Button>
      )}
      <ButtonLink to={`/${editor.automationId}/runs/${runId}`} icon="open">
        {t("editor.runOpen")}
      </ButtonLink>
      <IconButton icon="close" label={t("editor.runHide")} onClick={onHide} />
    </section>
  );
}
