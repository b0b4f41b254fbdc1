import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useApi } from "../api";
import { cursorOf, quoted } from "../api/pages";
import { useNotices } from "../connections/useNotices";
import { useLocale } from "../i18n";
import { Badge, Button, Empty, Loading, Logo, More, Page, Problem, Search, useDebounced } from "../ui";
import { ImportDialog } from "./ImportDialog";
import "./connectors.css";

/** All connectors of the account. */
export function ConnectorsPage() {
  const { t } = useLocale();
  const api = useApi();
  const [, go] = useLocation();
  const [typed, setTyped] = useState("");
  const [adding, setAdding] = useState(false);
  const sought = useDebounced(typed.trim());
  const notices = useNotices();
  const filter = sought === "" ? "" : `name co ${quoted(sought)}`;
  const query = useInfiniteQuery({
    queryKey: ["connectors", "list", { filter }],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      api.workflows.getAutomationConnectors(
        { sort: "name", limit: 60, ...(filter && { filter }), ...(pageParam && { cursor: pageParam }) },
        { signal },
      ),
    getNextPageParam: cursorOf,
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const add = (
    <Button look="primary" icon="upload" onClick={() => setAdding(true)}>
      {t("connectors.importAction")}
    </Button>
  );
  return (
    <Page title={t("connectors.title")} actions={add}>
      <div className="toolbar">
        <Search value={typed} onChange={setTyped} label={t("connectors.search")} />
      </div>
      {query.error ? (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty
          title={filter === "" ? t("connectors.empty") : t("state.noMatch")}
          {...(filter === "" && { text: t("connectors.emptyText") })}
        />
      ) : (
        <>
          <ul className="cards connectors-cards">
            {rows.map((row) => {
              const changed = notices.of(`connector:${row.id}`).length > 0;
              return (
                <li key={row.id} className="card connectors-card">
                  <div className="connectors-card-head">
                    <Logo name={row.name} src={row.logoSmall} />
                    <Link href={`/${row.id}`}>
                      <bdi>{row.name}</bdi>
                    </Link>
                  </div>
                  {row.description === null ? null : (
                    <p>
                      <bdi>{firstSentence(row.description)}</bdi>
                    </p>
                  )}
                  <span className="row">
                    <code className="muted">{row.slug}</code>
                    <Badge>{t("connectors.versionOf", row.version)}</Badge>
                    {row.hasWebhooks ? <Badge tone="info">{t("connectors.hasEvents")}</Badge> : null}
                    {changed ? <Badge tone="warn">{t("connectors.changed")}</Badge> : null}
                  </span>
                </li>
              );
            })}
          </ul>
          <More query={query} />
        </>
      )}
      <span className="visually-hidden" role="status">
        {query.isSuccess && filter !== "" ? t("connectors.found", rows.length) : ""}
      </span>
      {adding ? <ImportDialog onClose={() => setAdding(false)} onDone={(id) => go(`/${id}`)} /> : null}
    </Page>
  );
}

/** Of a description in Markdown as much as a card has room for, without its marks. */
export function firstSentence(markdown: string): string {
  const text = markdown
    .replaceAll(/[*_`#>]/g, "")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim();
  const [first = ""] = text.split(/\n\s*\n/);
  return first.length > 240 ? `${first.slice(0, 240)}…` : first;
}
