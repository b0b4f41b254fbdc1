import { useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, Loading, Page, Problem, Tabs } from "../ui";
import { useOemQuery } from "./data";
import { PublishForm } from "./PublishForm";
import { RollOutPanel } from "./RollOutPanel";
import { TemplateFleet } from "./TemplateFleet";
import { TemplateForm } from "./TemplateForm";
import { STATUS_TONES } from "./Templates";
import { Versions } from "./Versions";

export function TemplatePage({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const [tab, setTab] = useState("rollout");
  const [open, setOpen] = useState<"version" | "edit" | null>(null);
  const template = useOemQuery(["template", id], (oem, signal) => oem.getTemplate(id, { signal }));
  const back = { to: "/templates", label: t("admin.templates") };
  if (template.isPending) return <Loading />;
  if (template.isError) {
    return (
      <Page title={t("admin.template")} back={back}>
        <Problem error={template.error} onRetry={() => void template.refetch()} />
      </Page>
    );
  }
  const { name, status } = template.data;
  return (
    <Page
      title={name}
      back={back}
      about={<Badge tone={STATUS_TONES[status]}>{t(`admin.status.${status}`)}</Badge>}
      actions={
        <>
          <Button icon="edit" onClick={() => setOpen("edit")}>
            {t("action.edit")}
          </Button>
          <Button look="primary" icon="plus" onClick={() => setOpen("version")}>
            {t("admin.versionNew")}
          </Button>
        </>
      }
    >
      <Tabs
        label={t("admin.template")}
        value={tab}
        onChange={setTab}
        tabs={[
          { id: "rollout", label: t("admin.rollOut"), content: <RollOutPanel template={id} /> },
          { id: "fleet", label: t("admin.integrations"), content: <TemplateFleet template={id} /> },
          { id: "versions", label: t("admin.versions"), content: <Versions template={id} /> },
        ]}
      />
      {open === "version" ? <PublishForm template={template.data} onClose={() => setOpen(null)} /> : null}
      {open === "edit" ? <TemplateForm template={template.data} onClose={() => setOpen(null)} /> : null}
    </Page>
  );
}
