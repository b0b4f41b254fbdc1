import { ApiError } from "@client";
import { QueryClientProvider } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Api, makeApi, makeQueries } from "../api";
import { type Language, LocaleProvider, preferred } from "../i18n";
import { Bearer } from "../session/session";
import { wear as wearTheme } from "../theme/theme";
import { ToastProvider } from "../ui";
import { brandingOf, wear } from "./branding";
import { type Channel, isAlone, opened } from "./channel";
import { codeInAddress, codeOf, type Entered, enter, factsOf, leave, signed } from "./entering";
import { Gone, type GoneState, Waiting } from "./Gone";
import { Inside } from "./Inside";
import { type Look, PLAIN } from "./look";
import "./embed.css";

const facts = factsOf(document.getElementById("tieline-embed")?.textContent ?? "{}");
const code = codeInAddress();
const branding = brandingOf(facts.branding);
wear(branding);

type State =
  | { readonly at: "waiting" }
  | { readonly at: "gone"; readonly gone: GoneState }
  | { readonly at: "in"; readonly entered: Entered; readonly api: Api; readonly visit: number };

/** Everything at `/embed/…`: lets somebody in by the host's token or a link's code, in memory only. */
export default function Frame() {
  const [state, setState] = useState<State>({ at: "waiting" });
  const [look, setLook] = useState<Look>(PLAIN);
  const [queries] = useState(makeQueries);
  const channel = useRef<Channel | null>(null);
  const now = useRef<Entered | null>(null);
  const visits = useRef(0);

  const gone = useCallback((why: GoneState) => {
    const reached = now.current !== null;
    now.current = null;
    setState({ at: "gone", gone: why });
    channel.current?.refused({ code: why.code, detail: why.detail });
    if (reached) channel.current?.say("signed-out", { reason: "ended" });
  }, []);

  /** The next session of the same visit; the one before goes on where it is still alive. */
  const renewed = useCallback(async () => {
    const way = channel.current;
    const before = now.current;
    if (before === null) throw new ApiError(401, undefined, undefined);
    if (way === null) {
      // A link lets in once: when its time is over, so is the visit.
      if (Date.now() < Date.parse(before.expiresAt)) throw new Error("no new token");
      throw new ApiError(401, undefined, undefined);
    }
    const jwt = await way.token();
    const entered = await enter(facts, { jwt, origin: way.origin }, before.token);
    now.current = entered;
    way.signedIn(entered.expiresAt);
    return signed(entered);
  }, []);

  const inside = useCallback(
    (entered: Entered) => {
      now.current = entered;
      visits.current += 1;
      const bearer = new Bearer(signed(entered), () => gone({ code: "ended", detail: "" }), renewed);
      setState({ at: "in", entered, api: makeApi(bearer), visit: visits.current });
      channel.current?.signedIn(entered.expiresAt);
      channel.current?.say("ready", { expiresAt: entered.expiresAt });
    },
    [gone, renewed],
  );

  const signIn = useCallback(
    async (given?: string) => {
      const way = channel.current;
      if (way === null) return;
      setState({ at: "waiting" });
      try {
        inside(await enter(facts, { jwt: given ?? (await way.token()), origin: way.origin }));
      } catch (error) {
        gone({ code: codeOf(error), detail: detailOf(error) });
      }
    },
    [inside, gone],
  );

  useEffect(() => {
    if (facts.sessions === "") return;
    if (code !== null) {
      void redeemed(code).then(inside, (error: unknown) =>
        gone({ code: codeOf(error), detail: detailOf(error) }),
      );
      return;
    }
    if (isAlone()) {
      setState({ at: "gone", gone: { code: "alone", detail: "" } });
      return;
    }
    const ending = new AbortController();
    void opened(facts.origins, ending.signal).then((way) => {
      channel.current = way;
      way.onLook(setLook);
      way.onToken((jwt) => void signIn(jwt));
      void signIn();
    });
    return () => ending.abort();
  }, [inside, gone, signIn]);

  useEffect(() => {
    const away = () => {
      if (now.current === null) return;
      channel.current?.say("signed-out", { reason: "closed" });
      leave(now.current.id, now.current.token);
      now.current = null;
    };
    // A page that comes back from the browser's cache has no session any more.
    const back = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    addEventListener("pagehide", away);
    addEventListener("pageshow", back);
    return () => {
      removeEventListener("pagehide", away);
      removeEventListener("pageshow", back);
    };
  }, []);

  useEffect(() => wearTheme(look.theme), [look.theme]);
  const language = useMemo(() => languageOf(look, state.at === "in" ? state.entered : null), [look, state]);
  const out = useCallback(() => {
    if (now.current !== null) leave(now.current.id, now.current.token);
    now.current = null;
    channel.current?.say("signed-out", { reason: "left" });
    setState({ at: "gone", gone: { code: "left", detail: "" } });
  }, []);
  const again = channel.current === null ? undefined : () => void signIn();
  return (
    <LocaleProvider fixed={language}>
      <QueryClientProvider client={queries}>
        <ToastProvider>
          {state.at === "waiting" ? (
            <Waiting />
          ) : state.at === "gone" ? (
            <Gone state={state.gone} onAgain={again} />
          ) : (
            <Inside
              key={state.visit}
              entered={state.entered}
              api={state.api}
              look={look}
              branding={branding}
              channel={channel.current}
              onEnded={() => gone({ code: "ended", detail: "" })}
              onLeave={out}
            />
          )}
        </ToastProvider>
      </QueryClientProvider>
    </LocaleProvider>
  );
}

function languageOf(look: Look, entered: Entered | null): Language {
  if (look.language !== null) return look.language;
  const own = entered?.user.locale;
  return preferred([...(own ? [own] : []), ...navigator.languages], null);
}

function detailOf(error: unknown): string {
  if (error instanceof ApiError) return error.errors[0]?.detail ?? error.message;
  return error instanceof Error ? error.message : "";
}

let redeeming: Promise<Entered> | undefined;

/** Once: the code counts once, and React may mount a page twice. */
function redeemed(shown: string): Promise<Entered> {
  redeeming ??= enter(facts, { code: shown });
  return redeeming;
}
