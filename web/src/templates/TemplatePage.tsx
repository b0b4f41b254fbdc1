import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useHost } from "../embed/host";
import { useLocale } from "../i18n";
import { Badge, Button, ButtonLink, Loading, Logo, Markdown, Page, Problem, Table, Time } from "../ui";
import { links, useIntegrations, useTemplate } from "./data";
import { logos } from "./Gallery";
import { StatusBadge } from "./StatusBadge";
import { statusOf } from "./status";
import "./templates.css";

/** One template: what it does, what it will ask, and the way to switch it on. */
export function TemplatePage({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const template = useTemplate(id);
  const integrations = useIntegrations();
  const back = { to: links.gallery, label: t("templates.title") };
  const own = (integrations.data ?? []).filter((one) => one.templateId === id);
  if (template.data === undefined || integrations.isPending) {
    return (
      <Page title={t("templates.title")} back={back}>
        {template.error ? (
          <Problem error={template.error} onRetry={() => void template.refetch()} />
        ) : (
          <Loading />
        )}
      </Page>
    );
  }
  const found = template.data;
  const unfinished = own.find((one) => one.canManage && !one.setupComplete);
  const labels = [
    ...new Set(found.fields.filter((field) => field.kind !== "button").map((field) => field.label)),
  ];
  return (
    <Page
      title={found.name}
      back={back}
      about={
        <p className="templates-about">
          {found.status === "coming soon" ? <Badge tone="info">{t("templates.soon")}</Badge> : null}
          <bdi className="muted">{found.shortDescription}</bdi>
        </p>
      }
      actions={
        found.status === "coming soon" ? undefined : (
          <>
            {unfinished === undefined ? null : (
              <ButtonLink to={links.setup(unfinished.id)} look="primary">
                {t("templates.continue")}
              </ButtonLink>
            )}
            <Install id={id} again={own.length > 0} primary={unfinished === undefined} />
          </>
        )
      }
    >
      <div className="templates-columns">
        <div>
          <div className="templates-logos">
            {logos(found).map(({ name, src }) => (
              <Logo key={name + src} name={name} src={src} size={48} />
            ))}
          </div>
          {found.description === "" ? null : (
            <section>
              <h2 className="visually-hidden">{t("templates.description")}</h2>
              <Markdown text={found.description} />
            </section>
          )}
          {found.status === "coming soon" ? <p>{t("templates.soonText")}</p> : null}
        </div>
        <dl className="templates-facts">
          <dt>{t("templates.runs")}</dt>
          <dd>{modeText(found.runMode, t)}</dd>
          {labels.length === 0 ? null : (
            <>
              <dt>{t("templates.asks")}</dt>
              {labels.map((label) => (
                <dd key={label}>
                  <bdi>{label}</bdi>
                </dd>
              ))}
            </>
          )}
          {found.members.length === 0 ? null : (
            <>
              <dt>{t("templates.members")}</dt>
              {found.members.map((member) => (
                <dd key={member.id}>
                  <bdi>{member.name}</bdi>
                </dd>
              ))}
            </>
          )}
        </dl>
      </div>
      {own.length === 0 ? null : (
        <section>
          <h2>{t("templates.yours")}</h2>
          <Table
            caption={t("templates.yours")}
            rows={own}
            keyOf={(one) => one.id}
            to={(one) => links.integration(one.id)}
            columns={[
              {
                id: "name",
                label: t("templates.column.name"),
                wide: true,
                cell: (one) => <bdi>{one.name}</bdi>,
              },
              {
                id: "status",
                label: t("templates.column.status"),
                cell: (one) => <StatusBadge status={statusOf(one)} />,
              },
              { id: "run", label: t("templates.column.lastRun"), cell: (one) => <Time at={one.lastRunAt} /> },
            ]}
          />
        </section>
      )}
    </Page>
  );
}

function Install({
  id,
  again,
  primary,
}: {
  readonly id: string;
  readonly again: boolean;
  readonly primary: boolean;
}) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const host = useHost();
  const [, go] = useLocation();
  const installing = useMutation({
    mutationFn: () => api.v1.installTemplate(id, {}),
    onSuccess: async (made) => {
      cache.setQueryData(["integrations", made.id], made);
      void cache.invalidateQueries({ queryKey: ["integrations"], exact: true });
      host("integration", { id: made.id, state: made.state });
      go(links.setup(made.id));
    },
  });
  return (
    <>
      <Button
        look={primary ? "primary" : "plain"}
        icon="plus"
        busy={installing.isPending}
        onClick={() => installing.mutate()}
      >
        {t(again ? "templates.another" : "templates.set-up")}
      </Button>
      {installing.error === null ? null : <Problem error={installing.error} />}
    </>
  );
}

const MODES = ["manual", "scheduled", "triggered", "webhook"] as const;

export function modeText(mode: string, t: ReturnType<typeof useLocale>["t"]): string {
  const known = MODES.find((one) => one === mode);
  return known === undefined ? mode : t(`templates.mode.${known}`);
}
