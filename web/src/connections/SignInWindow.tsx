import { useLocale } from "../i18n";
import { Button, Problem, Spinner } from "../ui";
import { type Flow, looksClosed } from "./flow";

type Props = {
  readonly flow: Flow;
  /** Who asks the person to sign in, as people call it. */
  readonly title: string;
  readonly onOpenAgain: () => void;
  readonly onStartOver: () => void;
};

/** What stands in the dialog while somebody signs in in the other window. */
export function SignInWindow({ flow, title, onOpenAgain, onStartOver }: Props) {
  const { t } = useLocale();
  if (flow.at === "expired") {
    return (
      <div className="connections-window" role="alert">
        <p>{t("connections.expiredSession")}</p>
        <Button onClick={onStartOver}>{t("connections.startOver")}</Button>
      </div>
    );
  }
  if (flow.at === "broken") return <Problem error={flow.error} onRetry={onStartOver} />;
  if (flow.at !== "waiting") {
    return (
      <p className="connections-window" role="status">
        <Spinner /> {t("connections.opening")}
      </p>
    );
  }
  return (
    <div className="connections-window">
      <div role="status">
        <p className="connections-waiting">
          <Spinner /> {flow.begun ? t("connections.signingIn", title) : t("connections.waiting", title)}
        </p>
        {flow.problem === "" ? null : (
          <p className="connections-bad">
            {t("connections.refused", flow.problem === "?" ? "" : flow.problem)}
          </p>
        )}
        {flow.blocked ? <p>{t("connections.blocked")}</p> : null}
        {looksClosed(flow) ? <p>{t("connections.closed")}</p> : null}
      </div>
      <p className="connections-row">
        {flow.blocked ? (
          <a className="button" href={webLink(flow.link)} target="_blank" rel="noopener noreferrer">
            {t("connections.openLink")}
          </a>
        ) : (
          <Button onClick={onOpenAgain}>{t("connections.openAgain")}</Button>
        )}
      </p>
      <p className="connections-help">{t("connections.windowHelp")}</p>
    </div>
  );
}

function webLink(link: string): string {
  return /^https?:\/\//.test(link) ? link : "#";
}
