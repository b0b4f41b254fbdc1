import type { CalledExchange, CalledPart } from "@client";
import { useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, JsonView } from "../ui";
import { Lazy } from "./Lazy";
import { parsed } from "./records";

const LONGEST = 4000;

/** What was sent and what was answered; credentials are masked by the server. */
export function Exchanges({ exchanges }: { readonly exchanges: readonly CalledExchange[] }) {
  const { t, duration } = useLocale();
  if (exchanges.length === 0) return <p>{t("connectors.nothingSent")}</p>;
  return exchanges.map((one, index) => (
    <Lazy
      // biome-ignore lint/suspicious/noArrayIndexKey: the exchanges of one call stay as they are
      key={index}
      title={
        <>
          <Badge tone={one.status >= 200 && one.status < 300 ? "good" : "bad"}>
            {one.status === 0 ? t("connectors.noAnswer") : one.status}
          </Badge>{" "}
          <code>
            {one.method} <bdi>{one.url}</bdi>
          </code>{" "}
          <span className="muted">
            {duration(one.ms)}
            {one.attempt > 1 ? `, ${t("connectors.attempt", one.attempt)}` : ""}
          </span>
        </>
      }
    >
      {() => (
        <div className="stack">
          {one.error === null ? null : <p className="connectors-bad">{one.error}</p>}
          {one.request ? <Part title={t("connectors.request")} part={one.request} /> : null}
          {one.response ? <Part title={t("connectors.response")} part={one.response} /> : null}
        </div>
      )}
    </Lazy>
  ));
}

function Part({ title, part }: { readonly title: string; readonly part: CalledPart }) {
  const { t } = useLocale();
  return (
    <section>
      <h3>{title}</h3>
      <dl className="facts connectors-headers">
        {part.headers.map((header, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a header may come more than once
          <div key={index} className="connections-fact">
            <dt>{header.name}</dt>
            <dd>
              <bdi>{header.value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {part.note ? <p className="muted">{part.note}</p> : null}
      {part.body === null || part.body === "" ? (
        <p className="muted">{t("connectors.noBody")}</p>
      ) : (
        <Body body={part.body} />
      )}
      {part.cut === true ? <p className="muted">{t("connectors.cutBody")}</p> : null}
    </section>
  );
}

function Body({ body }: { readonly body: string }) {
  const { t } = useLocale();
  const [whole, setWhole] = useState(false);
  const found = parsed(body);
  if (found !== null) return <JsonView value={found.data} open={2} />;
  return (
    <>
      <pre className="connectors-body" tabIndex={0} aria-label={t("connectors.body")}>
        {whole ? body : body.slice(0, LONGEST)}
      </pre>
      {body.length > LONGEST ? (
        <Button onClick={() => setWhole(!whole)}>{t(whole ? "action.showLess" : "action.showMore")}</Button>
      ) : null}
    </>
  );
}
