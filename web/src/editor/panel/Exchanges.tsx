import { useLocale } from "../../i18n";
import { Badge, Duration, JsonView } from "../../ui";

type Call = Readonly<Record<string, unknown>>;

/** The calls that a block made, secrets masked by the server. */
export function Exchanges({ exchanges }: { readonly exchanges: readonly Call[] }) {
  const { t } = useLocale();
  return (
    <ol className="panel-calls">
      {exchanges.map((call, at) => {
        const status = typeof call["status"] === "number" ? call["status"] : null;
        const ms = typeof call["ms"] === "number" ? call["ms"] : null;
        const key = `${at}-${String(call["url"])}`;
        return (
          <li key={key}>
            <details open={exchanges.length === 1}>
              <summary>
                <strong>{String(call["method"] ?? "")}</strong>{" "}
                <bdi className="panel-url">{String(call["url"] ?? call["host"] ?? "")}</bdi>{" "}
                {status === null ? null : <Badge tone={status < 400 ? "good" : "bad"}>{status}</Badge>}{" "}
                <Duration ms={ms} />
                {typeof call["attempt"] === "number" && call["attempt"] > 1 ? (
                  <span> {t("panel.attempt", call["attempt"])}</span>
                ) : null}
              </summary>
              <Half title={t("panel.request")} part={call["request"]} />
              <Half title={t("panel.response")} part={call["response"]} />
              {call["request"] === undefined && call["response"] === undefined ? (
                <p className="field-hint">{t("panel.callNotKept")}</p>
              ) : null}
              {typeof call["error"] === "string" ? <p className="panel-fault">{call["error"]}</p> : null}
            </details>
          </li>
        );
      })}
    </ol>
  );
}

function Half({ title, part }: { readonly title: string; readonly part: unknown }) {
  const { t } = useLocale();
  if (typeof part !== "object" || part === null) return null;
  const { headers, body, note, ...rest } = part as Record<string, unknown>;
  return (
    <section className="panel-half">
      <h3>{title}</h3>
      {headers === undefined ? null : (
        <>
          <h4>{t("panel.headers")}</h4>
          <Headers headers={headers} />
        </>
      )}
      {body === undefined || body === null ? null : (
        <>
          <h4>{t("panel.body")}</h4>
          <JsonView value={readable(body)} open={2} />
        </>
      )}
      {typeof note === "string" ? <p className="field-hint">{note}</p> : null}
      {Object.keys(rest).length > 0 ? <JsonView value={rest} open={1} /> : null}
    </section>
  );
}

function readable(body: unknown): unknown {
  if (typeof body !== "string" || !/^\s*[[{]/.test(body)) return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

type Header = { readonly name: string; readonly value: string };

/** Headers come as a list of pairs or of names and values, since a name may be there twice. */
function headersOf(headers: unknown): readonly Header[] {
  if (Array.isArray(headers)) {
    return headers.map((one: unknown) => {
      if (Array.isArray(one)) return { name: String(one[0]), value: String(one[1]) };
      const entry = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
      return { name: String(entry["name"] ?? entry["key"] ?? ""), value: String(entry["value"] ?? "") };
    });
  }
  if (typeof headers !== "object" || headers === null) return [];
  return Object.entries(headers).map(([name, value]) => ({ name, value: String(value) }));
}

function Headers({ headers }: { readonly headers: unknown }) {
  return (
    <dl className="panel-headers">
      {headersOf(headers).map((one, at) => {
        const key = `${at}${one.name}`;
        return (
          <div key={key}>
            <dt>{one.name}</dt>
            <dd>
              <bdi>{one.value}</bdi>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
