import type { CatalogEntry } from "@client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Loading, Problem, Search } from "../ui";

type Props = { readonly onDone: (connectorId: string) => void };

/** Connectors that come with Tieline: found by name, and added with a press. */
export function Catalog({ onDone }: Props) {
  const { t } = useLocale();
  const [open, setOpen] = useState(false);
  return (
    <details className="lazy" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("connectors.catalog")}</summary>
      {open ? <Shelf onDone={onDone} /> : null}
    </details>
  );
}

function Shelf({ onDone }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const [typed, setTyped] = useState("");
  const query = useQuery({
    queryKey: ["connectors", "catalog"],
    queryFn: ({ signal }) => api.workflows.getConnectorCatalog({ signal }),
  });
  const adding = useMutation({
    mutationFn: async ({ name }: CatalogEntry) => (await api.workflows.addCatalogConnector(name)).id,
    onSuccess: (id) => onDone(id),
  });
  const wanted = typed.trim().toLowerCase();
  const found = (query.data?.data ?? []).filter(({ name, title, description }) =>
    `${name}\n${title}\n${description}`.toLowerCase().includes(wanted),
  );
  return (
    <div className="stack">
      <p className="muted">{t("connectors.catalogText")}</p>
      <Search value={typed} onChange={setTyped} label={t("connectors.catalogSearch")} />
      {query.error ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {adding.error ? <Problem error={adding.error} /> : null}
      {query.isPending ? <Loading /> : null}
      <p className="muted" role="status">
        {query.isSuccess
          ? found.length === 0
            ? t("state.noMatch")
            : t("connectors.catalogFound", found.length)
          : ""}
      </p>
      <ul className="connectors-shelf" aria-label={t("connectors.catalog")}>
        {found.map((entry) => (
          <li key={entry.name}>
            <div>
              <strong>
                <bdi>{entry.title}</bdi>
              </strong>{" "}
              <Badge>{t("connectors.versionOf", entry.version)}</Badge>
              <p>
                <bdi>{entry.description}</bdi>
              </p>
              <p className="muted">
                {[t("connectors.catalogBlocks", entry.blocks), ...entry.auth].join(" · ")}
              </p>
            </div>
            <Choice
              entry={entry}
              busy={adding.isPending && adding.variables?.name === entry.name}
              disabled={adding.isPending}
              onAdd={() => adding.mutate(entry)}
              onOpen={onDone}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

type ChoiceProps = {
  readonly entry: CatalogEntry;
  readonly busy: boolean;
  readonly disabled: boolean;
  readonly onAdd: () => void;
  readonly onOpen: (connectorId: string) => void;
};

function Choice({ entry, busy, disabled, onAdd, onOpen }: ChoiceProps) {
  const { t } = useLocale();
  const { connectorId: mine, title, version } = entry;
  if (mine === null) {
    return (
      <Button
        icon="plus"
        busy={busy}
        disabled={disabled}
        aria-label={t("connectors.catalogAddOne", title)}
        onClick={onAdd}
      >
        {t("connectors.catalogAdd")}
      </Button>
    );
  }
  return (
    <span className="row">
      {entry.addedVersion === version ? null : (
        <Button
          busy={busy}
          disabled={disabled}
          aria-label={t("connectors.catalogRenew", title, version)}
          onClick={onAdd}
        >
          {t("connectors.catalogRenewShort")}
        </Button>
      )}
      <Button look="bare" aria-label={t("connectors.catalogOpenOne", title)} onClick={() => onOpen(mine)}>
        {t("connectors.catalogOpen")}
      </Button>
    </span>
  );
}
