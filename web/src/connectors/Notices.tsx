import type { NoticeItem } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../api";
import { useNotices } from "../connections/useNotices";
import { useLocale } from "../i18n";
import { Button, ButtonLink, Empty, Loading, Problem, Time, useToast } from "../ui";
import "./connectors.css";

/** What somebody should know of: documents that changed, connections to renew, webhooks to repair. */
export function NoticesPanel() {
  const { t } = useLocale();
  const { query } = useNotices();
  if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <Loading />;
  if (query.data.length === 0) return <Empty title={t("connectors.noNotices")} />;
  return (
    <ul className="connectors-notices" aria-label={t("connectors.notices")}>
      {query.data.map((notice) => (
        <li key={notice.id}>
          <NoticeCard notice={notice} linked />
        </li>
      ))}
    </ul>
  );
}

/** One notice; `linked` leads to what it is about. */
export function NoticeCard({
  notice,
  linked = false,
}: {
  readonly notice: NoticeItem;
  readonly linked?: boolean;
}) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const dismiss = useMutation({
    mutationFn: () => api.workflows.dismissNotice(notice.id),
    onError: toast.fail,
    onSettled: () => cache.invalidateQueries({ queryKey: ["notices"] }),
  });
  const to = addressOf(notice.subject);
  return (
    <div className="connectors-notice">
      <strong>
        <bdi>{notice.title}</bdi>
      </strong>
      <p>
        <bdi>{notice.detail}</bdi>
      </p>
      <div className="row">
        <span className="muted">
          <Time at={notice.updatedAt} />
          {notice.count > 1 ? `, ${t("connectors.times", notice.count)}` : ""}
        </span>
        {linked && to !== null ? <ButtonLink to={to}>{t("connectors.goThere")}</ButtonLink> : null}
        <Button busy={dismiss.isPending} onClick={() => dismiss.mutate()}>
          {t("connectors.dismiss")}
        </Button>
      </div>
    </div>
  );
}

/** Where in the studio the subject of a notice is. */
export function addressOf(subject: string): string | null {
  const [kind, id] = subject.split(/:(.*)/s);
  if (!id) return null;
  if (kind === "connector") return `~/studio/connectors/${id}?tab=changes`;
  if (kind === "connection") return `~/studio/connections/${id}`;
  return kind === "automation" ? `~/studio/automations/${id}` : null;
}
