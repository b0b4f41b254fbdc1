import { useEffect, useState } from "react";
import { type Key, useLocale } from "../i18n";
import { Button, Icon, Loading } from "../ui";

/** Why nobody is signed in (any more); `detail` is what the server said. */
export type GoneState = { readonly code: string; readonly detail: string };

const PATIENCE = 15_000;
const CODES = ["sign-on-refused", "sign-on-barred", "foreign-page"] as const;

/** While the page around hands a token over; after a while it is said that none came. */
export function Waiting() {
  const { t } = useLocale();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main className="embed-message">
      {late ? <p role="alert">{t("embed.unlisted")}</p> : <Loading />}
      <p className="muted">{t("embed.waiting")}</p>
    </main>
  );
}

export function Gone({
  state,
  onAgain,
}: {
  readonly state: GoneState;
  readonly onAgain: (() => void) | undefined;
}) {
  const { t } = useLocale();
  const ended = state.code === "ended" || state.code === "left";
  const title: Key = state.code === "alone" ? "embed.aloneTitle" : ended ? "embed.ended" : "embed.refused";
  useEffect(() => {
    document.title = t(title);
  }, [t, title]);
  const known = CODES.find((code) => code === state.code);
  const said =
    state.code === "alone"
      ? t("embed.alone")
      : ended
        ? t("embed.endedText")
        : known !== undefined
          ? t(`embed.code.${known}`)
          : state.code === "unreachable"
            ? t("embed.unreachable")
            : state.detail === "token-failed"
              ? t("embed.noToken")
              : null;
  return (
    <main className="embed-message" role={ended ? "status" : "alert"}>
      <Icon name={ended ? "user" : "alert"} size={28} />
      <h1>{t(title)}</h1>
      {said === null ? null : <p>{said}</p>}
      {state.detail === "" || state.detail === "token-failed" ? null : (
        <p className="muted">
          <bdi>{state.detail}</bdi>
        </p>
      )}
      {ended || state.code === "alone" ? null : <p className="muted">{t("embed.refusedText")}</p>}
      {onAgain === undefined || state.code === "alone" ? null : (
        <Button look="primary" onClick={onAgain}>
          {t(ended ? "embed.again" : "action.retry")}
        </Button>
      )}
    </main>
  );
}
