import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useLocale } from "../../i18n";
import {
  Badge,
  Button,
  Empty,
  Loading,
  More,
  Page,
  Problem,
  Table,
  Time,
  useConfirm,
  useToast,
} from "../../ui";
import { HookForm } from "./HookForm";
import { HookState } from "./HookList";
import { ReplayDialog } from "./ReplayDialog";
import { SentDialog } from "./SentDialog";
import type { HookSource, Sent } from "./source";

type Props = {
  readonly source: HookSource;
  readonly base: string;
  readonly title: string;
  readonly id: string;
};

/** A webhook with what was sent to it. */
export function HookPage({ source, base, title, id }: Props) {
  const { t } = useLocale();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [, go] = useLocation();
  const [open, setOpen] = useState<"edit" | "replay" | null>(null);
  const [shown, setShown] = useState<Sent | null>(null);
  const hook = useQuery({
    queryKey: [source.key, "one", id],
    queryFn: ({ signal }) => source.get(id, signal),
  });
  const sent = useInfiniteQuery({
    queryKey: [source.key, "sent", id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => source.sent(id, pageParam, signal),
    getNextPageParam: (last) => last.next,
  });
  const remove = useMutation({
    mutationFn: () => source.remove(id),
    onSuccess: () => {
      go(base);
      queryClient.removeQueries({ queryKey: [source.key, "one", id] });
      void queryClient.invalidateQueries({ queryKey: [source.key, "list"] });
    },
    onError: toast.fail,
  });
  const ask = async () => {
    const question = {
      title: t("settings.hookDelete"),
      text: t("settings.hookDeleteText"),
      action: t("action.delete"),
    };
    if (await confirm({ ...question, danger: true })) remove.mutate();
  };
  const back = { to: base, label: title };
  if (hook.isPending) return <Loading />;
  if (hook.isError) {
    return (
      <Page title={title} back={back}>
        <Problem error={hook.error} onRetry={() => void hook.refetch()} />
      </Page>
    );
  }
  const rows = sent.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <Page
      title={hook.data.name}
      back={back}
      about={<HookState hook={hook.data} />}
      actions={
        <>
          <Button icon="edit" onClick={() => setOpen("edit")}>
            {t("action.edit")}
          </Button>
          <Button icon="refresh" onClick={() => setOpen("replay")}>
            {t("settings.replay")}
          </Button>
          <Button look="danger" icon="trash" busy={remove.isPending} onClick={() => void ask()}>
            {t("action.delete")}
          </Button>
        </>
      }
    >
      <section className="settings-section">
        <dl className="settings-facts">
          <dt>{t("settings.hookUrl")}</dt>
          <dd>
            <bdi>{hook.data.url}</bdi>
          </dd>
          <dt>{t("settings.hookKinds")}</dt>
          <dd>{hook.data.eventTypes.join(", ")}</dd>
          {hook.data.disabledReason ? (
            <>
              <dt>{t("settings.hookWhyOff")}</dt>
              <dd>{hook.data.disabledReason}</dd>
            </>
          ) : null}
        </dl>
      </section>
      <section className="settings-section">
        <div className="settings-head">
          <h2>{t("settings.deliveries")}</h2>
          <Button icon="refresh" busy={sent.isFetching} onClick={() => void sent.refetch()}>
            {t("settings.refresh")}
          </Button>
        </div>
        {sent.isError ? <Problem error={sent.error} onRetry={() => void sent.refetch()} /> : null}
        {sent.isSuccess && rows.length === 0 ? <Empty title={t("settings.deliveriesNone")} /> : null}
        {rows.length === 0 ? null : (
          <Table
            caption={t("settings.deliveries")}
            rows={rows}
            keyOf={(one) => one.id}
            columns={[
              {
                id: "kind",
                label: t("settings.event"),
                cell: (one) => (
                  <Button look="bare" onClick={() => setShown(one)}>
                    {one.eventType}
                  </Button>
                ),
              },
              { id: "state", label: t("settings.state"), cell: (one) => <SentState sent={one} /> },
              {
                id: "said",
                label: t("settings.answer"),
                wide: true,
                cell: (one) => <bdi>{one.message}</bdi>,
              },
              { id: "tries", label: t("settings.attempts"), align: "end", cell: (one) => one.attempts },
              { id: "at", label: t("settings.when"), cell: (one) => <Time at={one.at} /> },
            ]}
          />
        )}
        <More query={sent} />
      </section>
      {open === "edit" ? (
        <HookForm source={source} hook={hook.data} onClose={() => setOpen(null)} onSecret={() => {}} />
      ) : null}
      {open === "replay" ? <ReplayDialog source={source} id={id} onClose={() => setOpen(null)} /> : null}
      {shown === null ? null : (
        <SentDialog source={source} id={id} sent={shown} onClose={() => setShown(null)} />
      )}
    </Page>
  );
}

function SentState({ sent }: { readonly sent: Sent }) {
  const { t } = useLocale();
  if (sent.ok) return <Badge tone="good">{t("settings.delivered")}</Badge>;
  return sent.nextAt === null ? (
    <Badge tone="bad">{t("settings.undelivered")}</Badge>
  ) : (
    <Badge tone="warn">{t("settings.retrying")}</Badge>
  );
}
