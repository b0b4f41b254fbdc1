import { useMemo } from "react";
import { Route, Switch } from "wouter";
import { useApi } from "../api";
import { Nowhere } from "../app/Pages";
import { useLocale } from "../i18n";
import { HookList } from "../settings/hooks/HookList";
import { HookPage } from "../settings/hooks/HookPage";
import { SectionFrame } from "../settings/SectionNav";
import { CustomerPage } from "./CustomerPage";
import { Customers } from "./Customers";
import { Embedding } from "./Embedding";
import { Overview } from "./Overview";
import { PartnerAudits } from "./PartnerAudits";
import { partnerHooks } from "./partnerHooks";
import { TemplatePage } from "./TemplatePage";
import { Templates } from "./Templates";
import { Usage } from "./Usage";
import "./admin.css";

/** What a partner does for all customers. */
export default function Admin() {
  const { t } = useLocale();
  const api = useApi();
  const hooks = useMemo(() => partnerHooks(api), [api]);
  const sections = [
    { to: "/", label: t("admin.overview") },
    { to: "/customers", label: t("admin.customers") },
    { to: "/templates", label: t("admin.templates") },
    { to: "/embedding", label: t("admin.embedding") },
    { to: "/webhooks", label: t("settings.hooks") },
    { to: "/usage", label: t("admin.usage") },
    { to: "/audit", label: t("settings.audit") },
  ];
  return (
    <SectionFrame label={t("nav.admin")} sections={sections}>
      <Switch>
        <Route path="/">
          <Overview />
        </Route>
        <Route path="/customers">
          <Customers />
        </Route>
        <Route path="/customers/:id">{({ id }) => <CustomerPage key={id} id={id} />}</Route>
        <Route path="/templates">
          <Templates />
        </Route>
        <Route path="/templates/:id">{({ id }) => <TemplatePage key={id} id={id} />}</Route>
        <Route path="/embedding">
          <Embedding />
        </Route>
        <Route path="/webhooks">
          <HookList source={hooks} base="/webhooks" title={t("settings.hooks")} text={t("admin.hooksText")} />
        </Route>
        <Route path="/webhooks/:id">
          {({ id }) => <HookPage source={hooks} base="/webhooks" title={t("settings.hooks")} id={id} />}
        </Route>
        <Route path="/usage">
          <Usage />
        </Route>
        <Route path="/audit">
          <PartnerAudits />
        </Route>
        <Route>
          <Nowhere />
        </Route>
      </Switch>
    </SectionFrame>
  );
}
