import type { NoticeItem } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Loading, Menu, Page, Problem, Time, useConfirm, useToast } from "../ui";
import { ConnectDialog } from "./ConnectDialog";
import { MoveDialog, OwnerDialog, RenameDialog } from "./EditDialogs";
import { HEALTH, healthOf } from "./health";
import { Subscriptions } from "./Subscriptions";
import { UsedBy } from "./UsedBy";
import { useNotices } from "./useNotices";
import "./connections.css";

type Open = "renew" | "rename" | "owner" | "space" | null;

/** One connection: how it is, what is set, what uses it. */
export function ConnectionPage({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const confirm = useConfirm();
  const [, go] = useLocation();
  const [open, setOpen] = useState<Open>(null);
  const notices = useNotices().of(`connection:${id}`);
  const query = useQuery({
    queryKey: ["connections", id],
    queryFn: ({ signal }) => api.workflows.getAutomationConnection(id, { signal }),
  });
  const connectorId = query.data?.connectorId ?? "";
  const connector = useQuery({
    queryKey: ["connectors", connectorId],
    queryFn: ({ signal }) => api.workflows.getAutomationConnector(connectorId, { signal }),
    enabled: connectorId !== "",
  });
  const settled = () => {
    void cache.invalidateQueries({ queryKey: ["connections"] });
    void cache.invalidateQueries({ queryKey: ["notices"] });
  };
  const check = useMutation({
    mutationFn: () => api.workflows.checkAutomationConnection(id),
    onError: toast.fail,
    onSettled: settled,
  });
  const remove = useMutation({
    mutationFn: (forced: boolean) => api.workflows.deleteAutomationConnection(id, { forced }),
    onSuccess: () => {
      go("/", { replace: true });
      settled();
    },
  });
  const askToRemove = async () => {
    const title = t("connections.deleteTitle", query.data?.name ?? "");
    if (
      !(await confirm({ title, text: t("connections.deleteText"), action: t("action.delete"), danger: true }))
    )
      return;
    try {
      await remove.mutateAsync(false);
    } catch (error) {
      const used = error instanceof Error && "code" in error && error.code === "connection-in-use";
      if (!used) return toast.fail(error);
      const why = "detail" in error ? String(error.detail).split(";")[0] : "";
      const text = t("connections.deleteUsed", `${why}.`);
      if (await confirm({ title, text, action: t("connections.deleteAnyway"), danger: true })) {
        remove.mutate(true, { onError: toast.fail });
      }
    }
  };
  const back = { to: "/", label: t("connections.title") };
  if (query.error) {
    return (
      <Page title={t("connections.one")} back={back}>
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      </Page>
    );
  }
  if (!query.data) return <Loading />;
  const connection = query.data;
  const shown = HEALTH[healthOf(connection, notices[0])];
  const close = () => setOpen(null);
  // The server closes it with the next sign-in; that it works was found out before.
  const stillTrue = (notice: NoticeItem) => notice.kind !== "reconnect" || !connection.isConnected;
  return (
    <Page
      title={connection.name}
      back={back}
      about={
        <p className="row">
          <Badge tone={shown.tone}>{t(shown.key)}</Badge>
          {connector.data ? <bdi className="muted">{connector.data.name}</bdi> : null}
        </p>
      }
      actions={
        <>
          <Button icon="refresh" busy={check.isPending} onClick={() => check.mutate()}>
            {t("connections.checkNow")}
          </Button>
          <Button
            icon="plug"
            look={connection.isConnected ? "plain" : "primary"}
            onClick={() => setOpen("renew")}
          >
            {t(connection.isConnected ? "connections.change" : "connections.reconnect")}
          </Button>
          <Menu
            label={t("action.more")}
            look="plain"
            items={[
              { label: t("connections.rename"), icon: "edit", onSelect: () => setOpen("rename") },
              { label: t("connections.changeOwner"), icon: "user", onSelect: () => setOpen("owner") },
              { label: t("connections.changeSpace"), icon: "people", onSelect: () => setOpen("space") },
              { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => void askToRemove() },
            ]}
          />
        </>
      }
    >
      <div className="stack">
        <div role="status">
          {check.data === undefined ? null : (
            <p className={check.data.is_connected ? "connections-good" : "connections-bad"}>
              {check.data.is_connected ? t("connections.checkedGood") : t("connections.checkedBad")}{" "}
              {check.data.detail} {check.data.note}
            </p>
          )}
        </div>
        {connection.error?.message && check.data === undefined ? (
          <div className="connections-refused">
            <strong>{t("connections.why")}</strong>
            <p>{connection.error.message}</p>
          </div>
        ) : null}
        {notices.filter(stillTrue).map((notice) => (
          <div key={notice.id} className="connections-refused">
            <strong>{notice.title}</strong>
            <p>{notice.detail}</p>
            <Time at={notice.updatedAt} />
          </div>
        ))}
        <section className="card">
          <h2>{t("connections.settings")}</h2>
          <dl className="facts">
            {connector.data ? (
              <>
                <dt>{t("connections.connector")}</dt>
                <dd>
                  <Link href={`~/studio/connectors/${connector.data.id}`}>
                    <bdi>{connector.data.name}</bdi>
                  </Link>
                </dd>
              </>
            ) : null}
            {connection.params
              .filter((param) => param.isSet || param.fieldType === "password")
              .map((param) => (
                <div key={param.id} className="connections-fact">
                  <dt>
                    <bdi>{param.label}</bdi>
                  </dt>
                  <dd>
                    {param.value !== undefined ? (
                      <bdi>{param.value}</bdi>
                    ) : (
                      <span className="muted">{t("connections.secretSet")}</span>
                    )}
                  </dd>
                </div>
              ))}
            <dt>{t("connections.created")}</dt>
            <dd>
              <Time at={connection.createdAt} />
            </dd>
            <dt>{t("connections.column.changed")}</dt>
            <dd>
              <Time at={connection.updatedAt} />
            </dd>
          </dl>
        </section>
        <UsedBy id={id} />
        {connector.data?.hasWebhooks ? <Subscriptions id={id} /> : null}
      </div>
      {open === "renew" ? (
        <ConnectDialog
          connectorId={connection.connectorId}
          connectionId={id}
          onClose={close}
          onDone={() => {
            close();
            check.reset();
            toast.say(t("connections.nowConnected"));
          }}
        />
      ) : null}
      {open === "rename" ? <RenameDialog connection={connection} onClose={close} onDone={settled} /> : null}
      {open === "owner" ? <OwnerDialog connection={connection} onClose={close} onDone={settled} /> : null}
      {open === "space" ? <MoveDialog connection={connection} onClose={close} onDone={settled} /> : null}
    </Page>
  );
}
