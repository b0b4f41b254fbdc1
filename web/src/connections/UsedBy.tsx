import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { type Api, useApi } from "../api";
import { useLocale } from "../i18n";
import { Loading, Problem } from "../ui";
import { listed } from "./listed";

const MOST = 200;
const AT_ONCE = 4;

/** The automations that use a connection, so that one knows what stops without it. */
export function UsedBy({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const api = useApi();
  const query = useQuery({
    queryKey: ["connections", id, "uses"],
    queryFn: ({ signal }) => usersOf(api, id, signal),
    staleTime: 60_000,
  });
  return (
    <section className="card">
      <h2>{t("connections.usedBy")}</h2>
      {query.error ? (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <Loading />
      ) : (
        <>
          {query.data.found.length === 0 ? (
            <p className="muted">{t("connections.unused")}</p>
          ) : (
            <ul className="connections-uses">
              {query.data.found.map((one) => (
                <li key={one.id}>
                  <Link href={`~/studio/automations/${one.id}`}>
                    <bdi>{one.name}</bdi>
                  </Link>
                </li>
              ))}
            </ul>
          )}
          {query.data.more ? <p className="muted">{t("connections.usedPartly", MOST)}</p> : null}
        </>
      )}
    </section>
  );
}

type Use = { readonly id: string; readonly name: string };

/** There is no question for this in the API yet: the workspaces are read, a few at a time. */
async function usersOf(api: Api, id: string, signal: AbortSignal) {
  const rows = await listed(
    api.workflows.allAutomations({ limit: 100, sort: "-updatedAt" }, { signal }),
    MOST + 1,
  );
  const found: Use[] = [];
  const waiting = rows.slice(0, MOST);
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const { workspace } = await api.workflows.getAutomation(row.id, { signal });
      if (JSON.stringify(workspace ?? {}).includes(id)) found.push({ id: row.id, name: row.name });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { found: found.toSorted((a, b) => a.name.localeCompare(b.name)), more: rows.length > MOST };
}
