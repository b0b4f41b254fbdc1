import { useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, Duration, Icon, JsonView } from "../ui";
import { parsed } from "./values";

type Message = {
  headers?: { name?: unknown; value?: unknown }[];
  body?: unknown;
  bytes?: unknown;
  cut?: unknown;
  note?: unknown;
};

const LONGEST = 4000;

/** The calls of an execution; all of it is masked by the server. */
export function Exchanges({ exchanges }: { readonly exchanges: readonly Record<string, unknown>[] }) {
  const { t } = useLocale();
  if (exchanges.length === 0) return <p className="muted">{t("runs.noExchanges")}</p>;
  return (
    <ol className="runs-exchanges">
      {exchanges.map((exchange, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they have no other name, and never change
        <Exchange key={index} exchange={exchange} first={index === exchanges.length - 1} />
      ))}
    </ol>
  );
}

function Exchange({
  exchange,
  first,
}: {
  readonly exchange: Record<string, unknown>;
  readonly first: boolean;
}) {
  const { t } = useLocale();
  const [open, setOpen] = useState(first);
  const status = typeof exchange["status"] === "number" ? exchange["status"] : null;
  const request = exchange["request"] as Message | undefined;
  const response = exchange["response"] as Message | undefined;
  const attempt = exchange["attempt"];
  return (
    <li className="runs-exchange">
      <button
        type="button"
        className="runs-exchange-head"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
        <span className="runs-method">{String(exchange["method"] ?? "")}</span>
        <span className="runs-url">
          <bdi>{String(exchange["url"] ?? "")}</bdi>
        </span>
        {status === null ? null : <Badge tone={status < 400 ? "good" : "bad"}>{status}</Badge>}
        {typeof exchange["ms"] === "number" ? <Duration ms={exchange["ms"]} /> : null}
      </button>
      {open ? (
        <div className="runs-exchange-body">
          {typeof attempt === "number" && attempt > 1 ? <p>{t("runs.attemptNumber", attempt)}</p> : null}
          {exchange["purpose"] === "token" ? <p>{t("runs.forToken")}</p> : null}
          {typeof exchange["error"] === "string" ? <p className="runs-bad">{exchange["error"]}</p> : null}
          {request === undefined && response === undefined ? (
            <p className="muted">{t("runs.notLogged")}</p>
          ) : null}
          {request === undefined ? null : <Side title={t("runs.request")} message={request} />}
          {response === undefined ? null : <Side title={t("runs.response")} message={response} />}
        </div>
      ) : null}
    </li>
  );
}

function Side({ title, message }: { readonly title: string; readonly message: Message }) {
  const { t, number } = useLocale();
  const [whole, setWhole] = useState(false);
  const headers = Array.isArray(message.headers) ? message.headers : [];
  const body = typeof message.body === "string" ? message.body : null;
  const tree = body === null ? undefined : parsed(body);
  const cut = body !== null && body.length > LONGEST && !whole;
  return (
    <section className="runs-side">
      <h3>{title}</h3>
      {headers.length === 0 ? null : (
        <dl className="runs-headers">
          {headers.map((header, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a header may come twice
            <div key={index}>
              <dt>{String(header.name)}</dt>
              <dd>{String(header.value)}</dd>
            </div>
          ))}
        </dl>
      )}
      {typeof message.note === "string" ? <p className="muted">{message.note}</p> : null}
      {body === null || body === "" ? (
        message.note === undefined ? (
          <p className="muted">{t("runs.noBody")}</p>
        ) : null
      ) : tree !== undefined ? (
        <JsonView value={tree} />
      ) : (
        <>
          <pre className="runs-text">{cut ? `${body.slice(0, LONGEST)}…` : body}</pre>
          {body.length > LONGEST ? (
            <Button onClick={() => setWhole(!whole)}>{t(cut ? "action.showMore" : "action.showLess")}</Button>
          ) : null}
        </>
      )}
      {message.cut === true ? (
        <p className="muted">{t("runs.bodyCut", number(Number(message.bytes ?? 0)))}</p>
      ) : null}
    </section>
  );
}
