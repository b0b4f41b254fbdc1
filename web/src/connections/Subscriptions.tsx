import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Problem, Table, Time, type Tone, useToast } from "../ui";

const TONES: Readonly<Record<string, Tone>> = {
  active: "good",
  pending: "info",
  failed: "bad",
  removing: "neutral",
};

/** What the connected account tells us by itself, and whether that arrives. */
export function Subscriptions({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const key = ["connections", id, "subscriptions"];
  const query = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) =>
      (await api.workflows.getWebhookSubscriptions({ connectionId: id }, { signal })).data,
  });
  const mend = useMutation({
    mutationFn: () => api.workflows.reconcileWebhooks(id),
    onSuccess: () => toast.say(t("connections.mended")),
    onError: toast.fail,
    onSettled: () => cache.invalidateQueries({ queryKey: key }),
  });
  const rows = query.data ?? [];
  return (
    <section className="card">
      <div className="row connections-head">
        <h2>{t("connections.subscriptions")}</h2>
        {rows.length === 0 ? null : (
          <Button icon="refresh" busy={mend.isPending} onClick={() => mend.mutate()}>
            {t("connections.mend")}
          </Button>
        )}
      </div>
      {query.error ? <Problem error={query.error} /> : null}
      {query.data !== undefined && rows.length === 0 ? (
        <p className="muted">{t("connections.noSubscriptions")}</p>
      ) : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("connections.subscriptions")}
          rows={rows}
          keyOf={(row) => row.id}
          columns={[
            {
              id: "event",
              label: t("connections.column.event"),
              wide: true,
              cell: (row) => <bdi>{row.event}</bdi>,
            },
            {
              id: "status",
              label: t("connections.column.status"),
              cell: (row) => (
                <>
                  <Badge tone={TONES[row.status] ?? "neutral"}>{t(statusKey(row.status))}</Badge>
                  {row.error ? <p className="connections-bad">{row.error}</p> : null}
                </>
              ),
            },
            {
              id: "last",
              label: t("connections.column.delivered"),
              cell: (row) => <Time at={row.deliveredAt} />,
            },
            {
              id: "checked",
              label: t("connections.column.checked"),
              cell: (row) => <Time at={row.checkedAt} />,
            },
          ]}
        />
      )}
    </section>
  );
}

function statusKey(status: string) {
  if (status === "active") return "connections.subscription.active";
  if (status === "pending") return "connections.subscription.pending";
  return status === "failed" ? "connections.subscription.failed" : "connections.subscription.removing";
}
