import type { IntegrationDetail } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useHost } from "../embed/host";
import { useLocale } from "../i18n";
import { useSession } from "../session/Session";
import {
  Badge,
  Button,
  ButtonLink,
  Loading,
  Markdown,
  Menu,
  type MenuItem,
  Page,
  Problem,
  useConfirm,
  useToast,
} from "../ui";
import { links, useIntegration, useStarted, useSwitching } from "./data";
import { LastRuns } from "./LastRuns";
import { StatusBadge } from "./StatusBadge";
import { Summary } from "./Summary";
import { statusOf } from "./status";
import { stepsOf } from "./steps";
import "./templates.css";

/** One integration: how it is, what it was told, what it did, and everything that can be done with it. */
export function IntegrationPage({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const found = useIntegration(id);
  const back = { to: links.integrations, label: t("templates.integrations") };
  if (found.data !== undefined) return <Shown detail={found.data} back={back} />;
  return (
    <Page title={t("templates.integrations")} back={back}>
      {found.error ? <Problem error={found.error} onRetry={() => void found.refetch()} /> : <Loading />}
    </Page>
  );
}

function Shown({ detail, back }: { detail: IntegrationDetail; back: { to: string; label: string } }) {
  const { t } = useLocale();
  const { hidden } = useSession();
  const status = statusOf(detail);
  const started = useStarted(detail);
  const steps = stepsOf(detail, started.fields);
  return (
    <Page
      title={detail.name}
      back={back}
      about={
        <div className="templates-about">
          <StatusBadge status={status} />
          {detail.detached ? <Badge>{t("templates.detached")}</Badge> : null}
          <span className="muted">
            <bdi>{detail.templateName}</bdi>
          </span>
        </div>
      }
      actions={detail.canManage ? <Actions detail={detail} /> : undefined}
    >
      {detail.canManage ? null : <p className="muted">{t("templates.readonly")}</p>}
      <div className="templates-columns">
        <div>
          {detail.description === "" ? null : (
            <section>
              <h2 className="visually-hidden">{t("templates.description")}</h2>
              <Markdown text={detail.description} />
            </section>
          )}
          {hidden.has("runs") ? null : <LastRuns id={detail.id} />}
          <Members detail={detail} />
        </div>
        <div>
          <Version detail={detail} />
          <Summary detail={detail} steps={steps} editable={detail.canManage} />
        </div>
      </div>
    </Page>
  );
}

function Version({ detail }: { readonly detail: IntegrationDetail }) {
  const { t } = useLocale();
  const api = useApi();
  const automation = useQuery({
    queryKey: ["automations", detail.id],
    queryFn: ({ signal }) => api.workflows.getAutomation(detail.id, { signal }),
  });
  return (
    <section className="templates-part">
      <h2>{t("templates.follows")}</h2>
      <p>
        {automation.data === undefined ? null : (
          <strong>{t("templates.version", automation.data.liveVersion)} </strong>
        )}
        <span className="muted">
          {t(detail.detached ? "templates.detachedText" : "templates.followsText")}
        </span>
      </p>
    </section>
  );
}

function Members({ detail }: { readonly detail: IntegrationDetail }) {
  const { t } = useLocale();
  const members = detail.members.filter(
    (
      one,
    ): one is {
      id: string;
      name: string;
      state: string;
      setupComplete: boolean;
      lastRunStatus: string | null;
    } => typeof one["id"] === "string" && typeof one["name"] === "string",
  );
  if (members.length === 0) return null;
  return (
    <section className="templates-part">
      <h2>{t("templates.members")}</h2>
      <ul className="templates-list">
        {members.map((one) => (
          <li key={one.id}>
            <ButtonLink to={links.integration(one.id)} look="bare">
              <bdi>{one.name}</bdi>
            </ButtonLink>{" "}
            <StatusBadge status={statusOf(one)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Actions({ detail }: { readonly detail: IntegrationDetail }) {
  const { t } = useLocale();
  const { hidden, embedded } = useSession();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const switching = useSwitching(detail);
  const removal = useRemoval(detail);
  const detaching = useDetaching(detail);
  const on = detail.state === "available";
  const running = useMutation({
    mutationFn: () => api.workflows.createRun(detail.id, { context: "api" }),
    onSuccess: async () => {
      toast.say(t("templates.started"));
      await cache.invalidateQueries({ queryKey: ["integrations", detail.id, "runs"] });
    },
    onError: (error) => toast.fail(error),
  });
  const items: MenuItem[] = [];
  if (detaching !== null && !embedded)
    items.push({ label: t("templates.detach"), icon: "cut", onSelect: detaching });
  if (!hidden.has("remove")) {
    items.push({
      label: t("templates.remove"),
      icon: "trash",
      danger: true,
      onSelect: () => void removal.ask(),
    });
  }
  return (
    <>
      {detail.setupComplete ? (
        <>
          {on ? (
            <Button icon="play" busy={running.isPending} onClick={() => running.mutate()}>
              {t("templates.run")}
            </Button>
          ) : null}
          <ButtonLink to={links.setup(detail.id, "first")} icon="settings">
            {t("templates.settings")}
          </ButtonLink>
          <Button
            look={on ? "plain" : "primary"}
            busy={switching.isPending}
            onClick={() => switching.mutate(!on)}
          >
            {t(on ? "templates.deactivate" : "templates.activate")}
          </Button>
        </>
      ) : (
        <ButtonLink to={links.setup(detail.id)} look="primary">
          {t("templates.continue")}
        </ButtonLink>
      )}
      {items.length === 0 ? null : <Menu label={t("action.more")} items={items} />}
    </>
  );
}

function useRemoval(detail: IntegrationDetail) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const confirm = useConfirm();
  const toast = useToast();
  const host = useHost();
  const [, go] = useLocation();
  const removing = useMutation({
    mutationFn: () => api.v1.deleteIntegration(detail.id),
    onSuccess: () => {
      host("integration", { id: detail.id, state: "removed" });
      toast.say(t("templates.removed", detail.name));
      cache.removeQueries({ queryKey: ["integrations", detail.id] });
      void cache.invalidateQueries({ queryKey: ["integrations"], exact: true });
      go(links.integrations);
    },
    onError: (error) => toast.fail(error),
  });
  const ask = async () => {
    const sure = await confirm({
      title: t("templates.removeTitle", detail.name),
      text: t("templates.removeText"),
      action: t("templates.removeAction"),
      danger: true,
    });
    if (sure) removing.mutate();
  };
  return { ask, busy: removing.isPending };
}

/** Only the partner's own people may; the customer's API has no such call. */
function useDetaching(detail: IntegrationDetail): (() => void) | null {
  const { t } = useLocale();
  const { partnerAdmin, account } = useSession();
  const api = useApi();
  const cache = useQueryClient();
  const confirm = useConfirm();
  const toast = useToast();
  const host = useHost();
  const detaching = useMutation({
    mutationFn: async () => (await api.oem()).detachBlend(account.id, detail.id),
    onSuccess: async () => {
      host("integration", { id: detail.id, state: "detached" });
      toast.say(t("templates.detachDone", detail.name));
      await cache.invalidateQueries({ queryKey: ["integrations"] });
    },
    onError: (error) => toast.fail(error),
  });
  if (!partnerAdmin || detail.detached) return null;
  return () =>
    void confirm({
      title: t("templates.detachTitle", detail.name),
      text: t("templates.detachText"),
      action: t("templates.detachAction"),
    }).then((sure) => {
      if (sure) detaching.mutate();
    });
}
