import { ApiError, type CreateConnectSession } from "@client";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { useApi } from "../api";
import { type Flow, next, START } from "./flow";

const EVERY = 2000;
const WINDOW = "popup,width=560,height=760";

type Session = {
  readonly flow: Flow;
  /** Has to be called by the click itself. */
  readonly begin: (wanted: CreateConnectSession) => void;
  readonly openAgain: () => void;
  readonly cancel: () => void;
};

/** A connect session with its window. `waiting`: what the window shows until its page is there. */
export function useConnectSession(waiting: string): Session {
  const api = useApi();
  const [flow, happen] = useReducer(next, START);
  const opened = useRef<Window | null>(null);
  const running = useRef<string | null>(null);

  const end = useCallback(() => {
    const session = running.current;
    running.current = null;
    opened.current?.close();
    opened.current = null;
    if (session !== null) api.workflows.deleteConnectSession(session).catch(() => undefined);
  }, [api]);

  const begin = useCallback(
    (wanted: CreateConnectSession) => {
      const popup = window.open("", "_blank", WINDOW);
      if (popup !== null) popup.document.title = waiting;
      opened.current = popup;
      happen({ what: "clicked", blocked: popup === null });
      api.workflows.createConnectSession(wanted).then(
        (session) => {
          running.current = session.id;
          happen({ what: "made", session });
          if (popup !== null && session.link) lead(popup, session.link);
        },
        (error: unknown) => {
          popup?.close();
          happen({ what: "failed", error });
        },
      );
    },
    [api, waiting],
  );

  const link = flow.at === "waiting" ? flow.link : "";
  const openAgain = useCallback(() => {
    opened.current?.close();
    const popup = window.open("", "_blank", WINDOW);
    opened.current = popup;
    if (popup !== null) lead(popup, link);
    happen({ what: "opened-again", blocked: popup === null });
  }, [link]);

  const cancel = useCallback(() => {
    end();
    happen({ what: "given-up" });
  }, [end]);

  const session = flow.at === "waiting" ? flow.session : null;
  useEffect(() => {
    if (session === null) return;
    const ending = new AbortController();
    const { signal } = ending;
    let timer = 0;
    let asking = false;
    const ask = async () => {
      if (asking) return;
      asking = true;
      window.clearTimeout(timer);
      try {
        const told = await api.workflows.getConnectSession(session, { signal });
        if (told.status === "connected" || told.status === "expired") running.current = null;
        happen({ what: "told", session: told, closed: opened.current?.closed ?? false });
      } catch (error) {
        // Without an answer it is asked again: the sign-in itself goes on at the server.
        if (error instanceof ApiError && !signal.aborted) happen({ what: "failed", error });
      } finally {
        asking = false;
      }
      if (!signal.aborted) timer = window.setTimeout(ask, EVERY);
    };
    // Whoever comes back from the other window does not want to wait for the next turn.
    const back = () => void ask();
    timer = window.setTimeout(ask, EVERY);
    window.addEventListener("focus", back);
    return () => {
      ending.abort();
      window.clearTimeout(timer);
      window.removeEventListener("focus", back);
    };
  }, [api, session]);

  useEffect(() => end, [end]);

  return { flow, begin, openAgain, cancel };
}

/** Sends the window on, cut off from this page. */
function lead(popup: Window, link: string) {
  const { protocol } = new URL(link, window.location.href);
  if (protocol !== "https:" && protocol !== "http:") return;
  popup.opener = null;
  popup.location.replace(link);
}
