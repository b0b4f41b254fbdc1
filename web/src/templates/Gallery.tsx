import type { Integration, OfferedTemplate } from "@client";
import { useId, useState } from "react";
import { Link } from "wouter";
import { useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { Badge, ButtonLink, Empty, Loading, Logo, Page, Problem, Search } from "../ui";
import { links, useIntegrations, useTemplates } from "./data";
import { StatusBadge } from "./StatusBadge";
import { grouped, matching, worst } from "./status";
import "./templates.css";

/** What there is to switch on, under its groups, and how far one's own integrations are. */
export function Gallery() {
  const { t } = useLocale();
  const { hidden } = useSession();
  const [wanted, setWanted] = useState("");
  const templates = useTemplates();
  const integrations = useIntegrations();
  const found = matching(templates.data ?? [], wanted);
  const groups = grouped(found);
  const failed = templates.error ?? integrations.error;
  return (
    <Page
      title={t("templates.title")}
      about={<p className="muted">{t("templates.about")}</p>}
      actions={
        integrations.data?.length ? (
          <ButtonLink to={links.integrations} icon="link">
            {t("templates.integrations")}
          </ButtonLink>
        ) : undefined
      }
    >
      {failed ? (
        <Problem
          error={failed}
          onRetry={() => void Promise.all([templates.refetch(), integrations.refetch()])}
        />
      ) : templates.isPending || integrations.isPending ? (
        <Loading />
      ) : templates.data?.length === 0 ? (
        <Empty title={t("templates.none")} text={t("templates.noneText")} />
      ) : (
        <>
          {hidden.has("search") ? null : (
            <div className="toolbar">
              <Search label={t("templates.search")} value={wanted} onChange={setWanted} />
              <span className="muted" role="status">
                {wanted === "" ? "" : t("templates.shown", found.length)}
              </span>
            </div>
          )}
          {found.length === 0 ? <Empty title={t("state.noMatch")} /> : null}
          {groups.map((group) => (
            <Section
              key={group.id}
              title={group.id === "" && groups.length > 1 ? t("templates.others") : group.name}
              templates={group.templates}
              integrations={integrations.data ?? []}
            />
          ))}
        </>
      )}
    </Page>
  );
}

type SectionProps = {
  readonly title: string;
  readonly templates: readonly OfferedTemplate[];
  readonly integrations: readonly Integration[];
};

function Section({ title, templates, integrations }: SectionProps) {
  const id = useId();
  const cards = templates.map((template) => (
    <Card
      key={template.id}
      template={template}
      level={title === "" ? 2 : 3}
      own={integrations.filter((one) => one.templateId === template.id)}
    />
  ));
  if (title === "") return <ul className="templates-cards">{cards}</ul>;
  return (
    <section aria-labelledby={id} className="templates-group">
      <h2 id={id}>
        <bdi>{title}</bdi>
      </h2>
      <ul className="templates-cards">{cards}</ul>
    </section>
  );
}

function Card({
  template,
  level,
  own,
}: {
  template: OfferedTemplate;
  level: 2 | 3;
  own: readonly Integration[];
}) {
  const { t } = useLocale();
  const Heading = `h${level}` as const;
  const soon = template.status === "coming soon";
  return (
    <li className="templates-card">
      <div className="templates-logos">
        {logos(template).map(({ name, src }) => (
          <Logo key={name + src} name={name} src={src} size={36} />
        ))}
      </div>
      <Heading>
        <Link href={links.template(template.id)}>
          <bdi>{template.name}</bdi>
        </Link>
      </Heading>
      <p className="templates-short">
        <bdi>{template.shortDescription}</bdi>
      </p>
      <div className="templates-card-state">
        {soon ? <Badge tone="info">{t("templates.soon")}</Badge> : <StatusBadge status={worst(own)} />}
        {own.length > 1 ? <span className="muted">{t("templates.used", own.length)}</span> : null}
        {template.isBundle ? (
          <span className="muted">{t("templates.bundle", template.members.length)}</span>
        ) : null}
      </div>
    </li>
  );
}

/** A template's pictures, or its letter. */
export function logos(template: OfferedTemplate): { name: string; src: string | null }[] {
  const given = [template.icon, template.icon2, template.icon3].filter((one): one is string => Boolean(one));
  return given.length === 0
    ? [{ name: template.name, src: null }]
    : given.map((src) => ({ name: template.name, src }));
}
