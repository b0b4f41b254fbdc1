import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocale } from "../../i18n";
import { Button, Dialog, JsonView, Loading, Problem, Time, useToast } from "../../ui";
import type { HookSource, Sent } from "./source";

type Props = {
  readonly source: HookSource;
  readonly id: string;
  readonly sent: Sent;
  readonly onClose: () => void;
};

/** One delivery: what was sent, and what came back. */
export function SentDialog({ source, id, sent, onClose }: Props) {
  const { t } = useLocale();
  const toast = useToast();
  const queryClient = useQueryClient();
  const detail = useQuery({
    queryKey: [source.key, "sent", id, sent.id],
    queryFn: ({ signal }) => source.one(id, sent.id, signal),
  });
  const resend = useMutation({
    mutationFn: () => source.resend(id, sent.id),
    onSuccess: () => {
      toast.say(t("settings.resent"));
      void queryClient.invalidateQueries({ queryKey: [source.key, "sent", id] });
      onClose();
    },
    onError: toast.fail,
  });
  return (
    <Dialog
      wide
      title={sent.eventType}
      onClose={onClose}
      actions={
        <Button look="primary" icon="refresh" busy={resend.isPending} onClick={() => resend.mutate()}>
          {t("settings.resend")}
        </Button>
      }
    >
      <dl className="settings-facts">
        <dt>{t("settings.when")}</dt>
        <dd>
          <Time at={sent.at} />
        </dd>
        <dt>{t("settings.attempts")}</dt>
        <dd>{sent.attempts}</dd>
        <dt>{t("settings.answer")}</dt>
        <dd>
          <bdi>{sent.message || "–"}</bdi>
        </dd>
        {sent.nextAt === null ? null : (
          <>
            <dt>{t("settings.nextAttempt")}</dt>
            <dd>
              <Time at={sent.nextAt} />
            </dd>
          </>
        )}
      </dl>
      {detail.isPending ? <Loading /> : null}
      {detail.isError ? <Problem error={detail.error} onRetry={() => void detail.refetch()} /> : null}
      {detail.isSuccess ? (
        <>
          <h3>{t("settings.request")}</h3>
          <JsonView value={detail.data.request} />
          <h3>{t("settings.response")}</h3>
          {detail.data.response === null ? (
            <p>{t("settings.noResponse")}</p>
          ) : (
            <JsonView value={detail.data.response} />
          )}
        </>
      ) : null}
    </Dialog>
  );
}
