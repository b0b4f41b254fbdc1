import { Component, type ReactNode, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { EditorPage } from "../editor/opening";
import { useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { ButtonLink, Empty, Loading, Page, Problem } from "../ui";
import { later } from "./later";

const Automations = later(() => import("../editor/routes"));
const Runs = later(() => import("../runs/routes"));
const Connectors = later(() => import("../connectors/routes"));
const Connections = later(() => import("../connections/routes"));
const Templates = later(() => import("../templates/routes"));
const Integrations = later(() => import("../templates/integrations"));
const Admin = later(() => import("../admin/routes"));
const Settings = later(() => import("../settings/routes"));

const FEATURES: Readonly<Record<string, { readonly fetch: () => Promise<unknown> }>> = {
  "": Automations,
  automations: Automations,
  runs: Runs,
  connectors: Connectors,
  connections: Connections,
  templates: Templates,
  integrations: Integrations,
  admin: Admin,
  settings: Settings,
};

/** Fetches the code of the page at an address of ours, beside everything else that is under way; never fails. */
export async function ahead(path: string): Promise<void> {
  const [feature = "", id, part] = path.replace(/^\/studio\/?/, "").split("/");
  const wanted = [FEATURES[feature]];
  if (feature === "automations" && id !== undefined && id !== "" && part === undefined)
    wanted.push(EditorPage);
  await Promise.allSettled(wanted.map((page) => page?.fetch()));
}

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
