import { ApiError } from "@client";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { type Api, ApiProvider } from "../api";
import { type Key, useLocale } from "../i18n";
import { type Session, SessionContext, useSession } from "../session/Session";
import { Button, ConfirmProvider, Loading } from "../ui";
import type { Branding } from "./branding";
import type { Channel } from "./channel";
import { type Entered, signed } from "./entering";
import { reportHeight } from "./height";
import { HostContext, type Say } from "./host";
import { type Look, type Part, placeOf } from "./look";

const Templates = lazy(() => import("../templates/routes"));
const Integrations = lazy(() => import("../templates/integrations"));
const Connect = lazy(() => import("./Connect"));
const Studio = lazy(async () => ({ default: (await import("../app/Pages")).Pages }));

type Props = {
  readonly entered: Entered;
  readonly api: Api;
  readonly look: Look;
  readonly branding: Branding;
  readonly channel: Channel | null;
  readonly onEnded: () => void;
  readonly onLeave: () => void;
};

const NOBODY: Say = () => undefined;

/** The part of the studio that the host asked for, as whoever was let in. Where one is stands in memory, in no address. */
export function Inside({ entered, api, look, branding, channel, onEnded, onLeave }: Props) {
  const [memory] = useState(() => memoryLocation({ path: placeOf(look, entered.view) }));
  const part: Part = look.part ?? "templates";
  const session = useMemo<Session>(() => {
    const { user, account, partnerAdmin } = signed(entered);
    const hidden = new Set([...look.hide, ...branding.hide, ...(part === "studio" ? [] : ["studio"])]);
    const changed = () => undefined;
    return { user, account, partnerAdmin, admin: false, embedded: true, hidden, leave: onLeave, changed };
  }, [entered, look.hide, branding, part, onLeave]);
  const seen = useRef(look);
  useEffect(() => {
    const before = seen.current;
    seen.current = look;
    if (before.part !== look.part || before.template !== look.template)
      memory.navigate(placeOf(look, entered.view));
  }, [look, memory, entered.view]);
  return (
    <HostContext value={channel?.say ?? NOBODY}>
      <SessionContext value={session}>
        <ApiProvider api={api}>
          <Watch onEnded={onEnded} />
          <ConfirmProvider>
            <Router base="/studio" hook={memory.hook} searchHook={memory.searchHook}>
              <Around part={part} alone={parent === window} branding={branding} say={channel?.say ?? NOBODY}>
                <Suspense fallback={<Loading />}>
                  <Content part={part} connector={look.connector} />
                </Suspense>
              </Around>
            </Router>
          </ConfirmProvider>
        </ApiProvider>
      </SessionContext>
    </HostContext>
  );
}

function Content({ part, connector }: { readonly part: Part; readonly connector: string | null }) {
  if (part === "studio") return <Studio />;
  if (part === "connect") return <Connect connector={connector} />;
  return (
    <Switch>
      <Route path="/templates" nest>
        <Templates />
      </Route>
      <Route path="/integrations" nest>
        <Integrations />
      </Route>
      <Route>
        <Redirect to="/templates" replace />
      </Route>
    </Switch>
  );
}

/** A call that is answered with 401 means that the session was ended elsewhere. */
function Watch({ onEnded }: { readonly onEnded: () => void }) {
  const queries = useQueryClient();
  useEffect(() => {
    const isOver = (error: unknown) => error instanceof ApiError && error.status === 401;
    const stops = [
      queries.getQueryCache().subscribe(({ query }) => {
        if (isOver(query.state.error)) onEnded();
      }),
      queries.getMutationCache().subscribe(({ mutation }) => {
        if (isOver(mutation?.state.error)) onEnded();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [queries, onEnded]);
  return null;
}

const PLACES: Readonly<Record<Part, readonly (readonly [string, Key])[]>> = {
  connect: [],
  templates: [
    ["/templates", "nav.templates"],
    ["/integrations", "nav.integrations"],
  ],
  studio: [
    ["/automations", "nav.automations"],
    ["/runs", "nav.runs"],
    ["/connections", "nav.connections"],
    ["/connectors", "nav.connectors"],
    ["/templates", "nav.templates"],
    ["/integrations", "nav.integrations"],
  ],
};

type BarProps = { readonly part: Part; readonly alone: boolean; readonly branding: Branding };
type AroundProps = BarProps & { readonly say: Say; readonly children: ReactNode };

/** The little that is around the pages in a frame; in a window of its own also whose it is, and who is signed in. */
function Around({ part, alone, branding, say, children }: AroundProps) {
  const [at] = useLocation();
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLElement>(null);
  useEffect(() => {
    if (box.current === null) return;
    return reportHeight(box.current, (height) => say("resize", { height }));
  }, [say]);
  const first = useRef(true);
  useEffect(() => {
    say("navigate", { path: at });
    // A page that has chosen its own beginning, as the steps of the setup do, keeps it.
    const there = content.current?.contains(document.activeElement) === true;
    if (first.current) first.current = false;
    else if (!there) content.current?.focus({ preventScroll: true });
  }, [at, say]);
  return (
    <div ref={box} className="embed">
      <Bar part={part} alone={alone} branding={branding} at={at} />
      <main ref={content} tabIndex={-1} className="embed-content">
        {children}
      </main>
    </div>
  );
}

function Bar({ part, alone, branding, at }: BarProps & { readonly at: string }) {
  const { t } = useLocale();
  const session = useSession();
  const places = session.hidden.has("navigation") ? [] : PLACES[part];
  if (places.length === 0 && !alone) return null;
  return (
    <header className="embed-bar">
      {alone && branding.logo !== null ? <img src={branding.logo} alt="" height={28} /> : null}
      {alone && branding.name !== null ? <strong>{branding.name}</strong> : null}
      {places.length === 0 ? null : (
        <nav aria-label={t("nav.main")}>
          {places.map(([to, name]) => (
            <Link key={to} href={to} aria-current={at.startsWith(to) ? "page" : undefined}>
              {t(name)}
            </Link>
          ))}
        </nav>
      )}
      {alone ? (
        <div className="embed-who">
          <bdi>
            {session.user.name} ({session.account.name})
          </bdi>
          <Button look="bare" onClick={session.leave}>
            {t("session.signOut")}
          </Button>
        </div>
      ) : null}
    </header>
  );
}
