import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { type Api, ApiProvider, makeApi } from "../api";
import { Loading, Problem } from "../ui";
import { Entrance } from "./Entrance";
import { Bearer, renew, type Signed, signOut } from "./session";

/** Who looks at the page, and how much of it there is for him. */
export type Session = {
  readonly user: Signed["user"];
  readonly account: Signed["account"];
  readonly partnerAdmin: boolean;
  readonly admin: boolean;
  /** In a page of somebody else's: less around it, and no addresses of our own. */
  readonly embedded: boolean;
  /** Parts that the page around us has hidden. */
  readonly hidden: ReadonlySet<string>;
  readonly leave: () => void;
  /** Takes over what the server answered to a change of who is signed in, such as a new password. */
  readonly changed: (signed: Signed) => void;
};

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error("useSession needs somebody who is signed in");
  return session;
}

type State =
  | { readonly at: "asking" }
  | { readonly at: "failed"; readonly error: unknown }
  | { readonly at: "out"; readonly ended: boolean }
  | { readonly at: "in"; readonly signed: Signed; readonly bearer: Bearer; readonly api: Api };

/** What is under way before anything is drawn. */
export type Opening = { readonly invited: boolean; readonly asked: Promise<Signed> };

/** Asks the cookie who this is; answers when `page` is there to be shown as well. */
export function opened(page: Promise<void>): Opening {
  // An invitation is for somebody new, whoever was here before him.
  const invited = location.pathname.endsWith("/invitation");
  const asked = invited
    ? new Promise<Signed>(() => undefined)
    : Promise.all([renew(), page]).then(([one]) => one);
  asked.catch(() => undefined);
  return { invited, asked };
}

type Props = { readonly opening: Opening; readonly children: ReactNode };

/** Shows the door to whoever is nobody, and everything else to the others. */
export function SessionGate({ opening, children }: Props) {
  const [state, setState] = useState<State>({ at: "asking" });
  const enter = useCallback((signed: Signed) => {
    const bearer = new Bearer(signed, () => setState({ at: "out", ended: true }));
    setState({ at: "in", signed, bearer, api: makeApi(bearer) });
  }, []);
  const begin = useCallback(
    (asked: Promise<Signed>) => {
      setState({ at: "asking" });
      asked.then(enter, (error: unknown) => {
        const nobody =
          typeof error === "object" && error !== null && "status" in error && error.status === 401;
        setState(nobody ? { at: "out", ended: false } : { at: "failed", error });
      });
    },
    [enter],
  );
  useEffect(() => {
    if (opening.invited) setState({ at: "out", ended: false });
    else begin(opening.asked);
  }, [begin, opening]);
  const leave = useCallback(() => {
    void signOut().finally(() => {
      // Whoever goes back in this browser finds the door, not what was read here before.
      setState({ at: "out", ended: false });
      location.assign("/studio/");
    });
  }, []);
  const session = useMemo<Session | null>(() => {
    if (state.at !== "in") return null;
    const { user, account, partnerAdmin } = state.signed;
    const admin = user.roles.includes("TenantAdmin");
    const changed = (next: Signed) => {
      state.bearer.take(next);
      setState({ ...state, signed: next });
    };
    return { user, account, partnerAdmin, admin, embedded: false, hidden: new Set(), leave, changed };
  }, [state, leave]);

  if (state.at === "asking") return <Loading />;
  if (state.at === "failed") return <Problem error={state.error} onRetry={() => begin(renew())} />;
  if (state.at === "out") return <Entrance ended={state.ended} onEnter={enter} />;
  return (
    <SessionContext value={session}>
      <ApiProvider api={state.api}>{children}</ApiProvider>
    </SessionContext>
  );
}
