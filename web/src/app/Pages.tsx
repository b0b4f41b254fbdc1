import { Component, lazy, type ReactNode, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { ButtonLink, Empty, Loading, Page, Problem } from "../ui";

const Automations = lazy(() => import("../editor/routes"));
const Runs = lazy(() => import("../runs/routes"));
const Connectors = lazy(() => import("../connectors/routes"));
const Connections = lazy(() => import("../connections/routes"));
const Templates = lazy(() => import("../templates/routes"));
const Integrations = lazy(() => import("../templates/integrations"));
const Admin = lazy(() => import("../admin/routes"));
const Settings = lazy(() => import("../settings/routes"));

/** Which feature an address belongs to; each is fetched when somebody goes there. */
export function Pages() {
  const { partnerAdmin } = useSession();
  return (
    <Failing>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/">
            <Redirect to="/automations" replace />
          </Route>
          <Route path="/automations" nest>
            <Automations />
          </Route>
          <Route path="/runs" nest>
            <Runs />
          </Route>
          <Route path="/connectors" nest>
            <Connectors />
          </Route>
          <Route path="/connections" nest>
            <Connections />
          </Route>
          <Route path="/templates" nest>
            <Templates />
          </Route>
          <Route path="/integrations" nest>
            <Integrations />
          </Route>
          {partnerAdmin ? (
            <Route path="/admin" nest>
              <Admin />
            </Route>
          ) : null}
          <Route path="/settings" nest>
            <Settings />
          </Route>
          <Route>
            <Nowhere />
          </Route>
        </Switch>
      </Suspense>
    </Failing>
  );
}

/** An address that leads nowhere; features show it too, for ids that do not exist. */
export function Nowhere() {
  const { t } = useLocale();
  return (
    <Page title={t("nav.nowhere")}>
      <Empty
        title={t("nav.nowhereText")}
        action={
          <ButtonLink to="~/studio/automations" look="primary">
            {t("nav.home")}
          </ButtonLink>
        }
      />
    </Page>
  );
}

/** Catches what a page throws while it is drawn, so that the rest of the studio stays usable. */
class Failing extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="page">
        <Problem error={this.state.error} onRetry={() => this.setState({ error: null })} />
      </div>
    );
  }
}
