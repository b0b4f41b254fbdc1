import type { CalledExchange } from "@client";
import { useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, Duration, JsonView, Lazy } from "../ui";
import { jsonIn } from "./json";
import "./data.css";

/** A call as a run notes it: of HTTP, or what a mail server or a storage was asked. */
type Noted = Partial<CalledExchange> & {
  readonly smtp?: string;
  readonly recipients?: number;
  readonly storage?: string;
};
type Message = NonNullable<CalledExchange["request"]>;

type Props = {
  readonly exchanges: readonly (CalledExchange | Readonly<Record<string, unknown>>)[];
  /** The last one, which mostly is the one that matters, is open from the beginning. */
  readonly lastOpen?: boolean;
};

const LONGEST = 4000;

/** What was sent and what was answered; secrets are masked by the server. */
export function Exchanges({ exchanges, lastOpen = false }: Props) {
  const { t } = useLocale();
  if (exchanges.length === 0) return <p className="muted">{t("data.noExchanges")}</p>;
  return (
    <ol className="data-exchanges">
      {exchanges.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they have no other name, and never change
        <li key={index}>
          <Exchange noted={one as Noted} open={lastOpen && index === exchanges.length - 1} />
        </li>
      ))}
    </ol>
  );
}

function Exchange({ noted, open }: { readonly noted: Noted; readonly open: boolean }) {
  const { t, number } = useLocale();
  const { method, status, ms, attempt = 1, error, request, response } = noted;
  const kind = method ?? (noted.smtp === undefined ? null : "SMTP");
  return (
    <Lazy
      open={open}
      title={
        <span className="data-exchange">
          {kind === null ? null : <strong>{kind}</strong>}
          <bdi className="data-url">{noted.url ?? noted.smtp ?? noted.storage ?? ""}</bdi>
          {attempt > 1 ? <span className="muted">{t("data.attempt", attempt)}</span> : null}
          {status === undefined ? null : (
            <Badge tone={status >= 100 && status < 400 ? "good" : "bad"}>
              {status === 0 ? t("data.noAnswer") : status}
            </Badge>
          )}
          {ms === undefined ? null : <Duration ms={ms} />}
        </span>
      }
    >
      {() => (
        <>
          {noted.purpose === "token" ? <p>{t("data.forToken")}</p> : null}
          {noted.recipients === undefined ? null : (
            <p>{t("data.recipients", noted.recipients, number(noted.recipients))}</p>
          )}
          {error ? (
            <p className="data-bad">
              <bdi>{error}</bdi>
            </p>
          ) : null}
          {method !== undefined && !request && !response ? (
            <p className="muted">{t("data.notKept")}</p>
          ) : null}
          {request ? <Side title={t("data.request")} message={request} /> : null}
          {response ? <Side title={t("data.response")} message={response} /> : null}
        </>
      )}
    </Lazy>
  );
}

function Side({ title, message }: { readonly title: string; readonly message: Message }) {
  const { t, number } = useLocale();
  const { headers = [], body, note, cut, bytes } = message;
  return (
    <section className="data-side">
      <h3>{title}</h3>
      {headers.length === 0 ? null : (
        <dl className="data-headers">
          {headers.map((header, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a header may come more than once
            <div key={index}>
              <dt>{header.name}</dt>
              <dd>
                <bdi>{header.value}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {note ? <p className="muted">{note}</p> : null}
      {body ? <Body body={body} /> : note ? null : <p className="muted">{t("data.noBody")}</p>}
      {cut === true ? <p className="muted">{t("data.bodyCut", bytes ?? null, number(bytes ?? 0))}</p> : null}
    </section>
  );
}

function Body({ body }: { readonly body: string }) {
  const { t } = useLocale();
  const [whole, setWhole] = useState(false);
  const found = jsonIn(body);
  if (found !== undefined) return <JsonView value={found} open={2} />;
  return (
    <>
      <pre className="data-body" tabIndex={0} aria-label={t("data.body")}>
        {whole || body.length <= LONGEST ? body : `${body.slice(0, LONGEST)}…`}
      </pre>
      {body.length > LONGEST ? (
        <Button onClick={() => setWhole(!whole)}>{t(whole ? "action.showLess" : "action.showMore")}</Button>
      ) : null}
    </>
  );
}
