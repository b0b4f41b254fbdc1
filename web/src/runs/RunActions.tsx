import type { RunDetail } from "@client";
import { useLocation } from "wouter";
import { useLocale } from "../i18n";
import { Button, Menu } from "../ui";
import type { RunStatus } from "./liveStore";
import { usePaths } from "./paths";
import { possible, type useActions } from "./useActions";

type Props = {
  readonly automationId: string;
  readonly run: RunDetail;
  readonly status: RunStatus;
  readonly actions: ReturnType<typeof useActions>;
  readonly onRerun: () => void;
};

/** What can be done with a run as it stands. */
export function RunActions({ automationId, status, actions, onRerun }: Props) {
  const { t } = useLocale();
  const paths = usePaths();
  const [, navigate] = useLocation();
  const can = possible(status);
  return (
    <>
      {can.retry ? (
        <Button
          look="primary"
          icon="refresh"
          busy={actions.busy === "retry"}
          onClick={() => actions.act("retry")}
        >
          {t("runs.retry")}
        </Button>
      ) : null}
      {can.resume ? (
        <Button
          look="primary"
          icon="play"
          busy={actions.busy === "resume"}
          onClick={() => actions.act("resume")}
        >
          {t("runs.resume")}
        </Button>
      ) : null}
      {can.pause ? (
        <Button icon="pause" busy={actions.busy === "pause"} onClick={() => actions.act("pause")}>
          {t("runs.pause")}
        </Button>
      ) : null}
      {can.stop ? (
        <Button look="danger" icon="stop" busy={actions.busy === "stop"} onClick={() => void actions.stop()}>
          {t("runs.stop")}
        </Button>
      ) : null}
      <Button icon="play" onClick={onRerun}>
        {t("runs.rerun")}
      </Button>
      <Menu
        label={t("runs.more")}
        look="plain"
        items={[
          {
            label: t("runs.openEditor"),
            icon: "edit",
            onSelect: () => navigate(paths.automation(automationId)),
          },
          {
            label: t("runs.openVersions"),
            icon: "history",
            onSelect: () => navigate(paths.versions(automationId)),
          },
          {
            label: t("runs.export"),
            icon: "download",
            onSelect: actions.exportLog,
            disabled: actions.exporting,
          },
        ]}
      />
    </>
  );
}
