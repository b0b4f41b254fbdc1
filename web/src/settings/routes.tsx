import { useMemo } from "react";
import { Redirect, Route, Switch } from "wouter";
import { useApi } from "../api";
import { Nowhere } from "../app/Pages";
import { useLocale } from "../i18n";
import { About } from "./About";
import { AuditLog } from "./audit/AuditLog";
import { accountAudits } from "./audit/account";
import { Clients } from "./Clients";
import { accountHooks } from "./hooks/account";
import { HookList } from "./hooks/HookList";
import { HookPage } from "./hooks/HookPage";
import { Keys } from "./Keys";
import { useMe } from "./me";
import { Notice } from "./Notice";
import { Origins } from "./Origins";
import { People } from "./People";
import { Profile } from "./Profile";
import { SectionFrame } from "./SectionNav";
import { SpacePage } from "./SpacePage";
import { Spaces } from "./Spaces";
import { Tokens } from "./Tokens";

/** What belongs to a person and to the account; what one may not do is not in the list. */
export default function Settings() {
  const { t } = useLocale();
  const api = useApi();
  const { isAdmin } = useMe();
  const hooks = useMemo(() => accountHooks(api, isAdmin), [api, isAdmin]);
  const audits = useMemo(() => accountAudits(api), [api]);
  const sections = [
    { to: "/profile", label: t("settings.profile") },
    { to: "/keys", label: t("settings.keys") },
    { to: "/people", label: t("settings.people") },
    { to: "/spaces", label: t("settings.spaces") },
    { to: "/webhooks", label: t("settings.hooks") },
    { to: "/notice", label: t("settings.notice") },
    { to: "/origins", label: t("settings.origins") },
    ...(isAdmin ? [{ to: "/clients", label: t("settings.clients") }] : []),
    { to: "/tokens", label: t("settings.tokens") },
    ...(isAdmin ? [{ to: "/audit", label: t("settings.audit") }] : []),
    { to: "/about", label: t("settings.about") },
  ];
  return (
    <SectionFrame label={t("nav.settings")} sections={sections}>
      <Switch>
        <Route path="/">
          <Redirect to="/profile" replace />
        </Route>
        <Route path="/profile">
          <Profile />
        </Route>
        <Route path="/keys">
          <Keys />
        </Route>
        <Route path="/people">
          <People />
        </Route>
        <Route path="/spaces">
          <Spaces />
        </Route>
        <Route path="/spaces/:id">{({ id }) => <SpacePage id={id} />}</Route>
        <Route path="/webhooks">
          <HookList
            source={hooks}
            base="/webhooks"
            title={t("settings.hooks")}
            text={t("settings.hooksText")}
          />
        </Route>
        <Route path="/webhooks/:id">
          {({ id }) => <HookPage source={hooks} base="/webhooks" title={t("settings.hooks")} id={id} />}
        </Route>
        <Route path="/notice">
          <Notice />
        </Route>
        <Route path="/origins">
          <Origins />
        </Route>
        <Route path="/tokens">
          <Tokens />
        </Route>
        <Route path="/about">
          <About />
        </Route>
        {isAdmin ? (
          <Route path="/clients">
            <Clients />
          </Route>
        ) : null}
        {isAdmin ? (
          <Route path="/audit">
            <AuditLog source={audits} title={t("settings.audit")} text={t("settings.auditText")} />
          </Route>
        ) : null}
        <Route>
          <Nowhere />
        </Route>
      </Switch>
    </SectionFrame>
  );
}
