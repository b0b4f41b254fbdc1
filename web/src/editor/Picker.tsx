import type { ConnectionItem, ConnectorBlock, ConnectorItem } from "@client";
import { useQueries, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Dialog, Icon, iconNamed, Loading, Logo, Problem, plain } from "../ui";
import { builtIn, ofConnector, offeredBlocks } from "./catalog";
import { useEditing } from "./context";
import { addRoot, insert } from "./edits";
import { type Entry, entriesFor, type Section } from "./pickerEntries";
import { recent, remember } from "./recent";
import type { Spot } from "./store";
import { drawn } from "./summary";
import "./picker.css";

type Props = { readonly spot: Spot | null; readonly onClose: () => void };

/** Where one is: all that can be added, the blocks of a connector, or the connections to choose from. */
type Step =
  | { readonly at: "all" }
  | { readonly at: "connector"; readonly connector: ConnectorItem }
  | {
      readonly at: "connection";
      readonly connector: ConnectorItem;
      readonly block: ConnectorBlock;
      readonly connections: readonly ConnectionItem[];
    };

/** Connectors whose blocks are searched together with everything else. */
const SEARCHED = 12;

export function Picker({ spot, onClose }: Props) {
  const { editor, catalog, openPanel } = useEditing();
  const { t } = useLocale();
  const api = useApi();
  const list = useId();
  const [step, setStep] = useState<Step>({ at: "all" });
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const shown = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);

  const one = step.at === "connector" ? step.connector : null;
  const blocks = useQuery({
    queryKey: ["connectors", one?.id ?? "", "blocks"],
    queryFn: ({ signal }) => api.workflows.getConnectorBlocks(one?.id ?? "", { signal }),
    enabled: one !== null,
    staleTime: 300_000,
  });
  const searched = step.at === "all" && query.trim().length > 1 ? catalog.connectors.slice(0, SEARCHED) : [];
  const beside = useQueries({
    queries: searched.map((connector) => ({
      queryKey: ["connectors", connector.id, "blocks"],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.workflows.getConnectorBlocks(connector.id, { signal }),
      staleTime: 300_000,
    })),
  });

  const add = (made: ReturnType<typeof builtIn>) => {
    const isRoot = spot === null || made.type === "StartBlock";
    editor.edit((doc) => (isRoot ? addRoot(doc, made) : insert(doc, spot, [made], [made.id])), {
      select: [made.id],
    });
    onClose();
    openPanel();
  };
  const addOf = (connector: ConnectorItem, block: ConnectorBlock, connection: string | null) => {
    remember(`${connector.id}/${block.id}`);
    add(ofConnector(editor.getSnapshot().doc, connector, block, connection));
  };
  const choose = async (connector: ConnectorItem, block: ConnectorBlock) => {
    try {
      const found = await api.workflows.getAutomationConnections({
        filter: `connectorId eq "${connector.id}"`,
        limit: 50,
      });
      if (found.data.length > 1) go({ at: "connection", connector, block, connections: found.data });
      else addOf(connector, block, found.data[0]?.id ?? null);
    } catch (failure) {
      setError(failure);
    }
  };
  const go = (next: Step) => {
    setStep(next);
    setQuery("");
    setAt(0);
    input.current?.focus();
  };
  const take = (entry: Entry) => {
    if (entry.kind === "type") {
      remember(entry.type.type);
      add(builtIn(editor.getSnapshot().doc, entry.type));
    } else if (entry.kind === "connector") go({ at: "connector", connector: entry.connector });
    else if (entry.kind === "block") void choose(entry.connector, entry.block);
    else if (step.at === "connection") addOf(step.connector, step.block, entry.connection?.id ?? null);
  };

  const sections: readonly Section[] =
    step.at === "all"
      ? entriesFor(
          catalog,
          query,
          recent(),
          beside.flatMap((answer, index) => {
            const connector = searched[index];
            return answer.data === undefined || connector === undefined
              ? []
              : [{ connector, blocks: answer.data.data }];
          }),
          editor.getSnapshot().doc.shape.roots.length > 0,
          t,
        )
      : step.at === "connector"
        ? [
            {
              title: t("editor.pickBlocksOf", step.connector.name),
              entries: offeredBlocks(blocks.data?.data ?? [], query).map((block) => ({
                kind: "block",
                key: block.id,
                connector: step.connector,
                block,
              })),
            },
          ]
        : [
            {
              title: t("editor.pickConnection", step.connector.name),
              entries: [
                ...step.connections
                  .filter((connection) => connection.name.toLowerCase().includes(query.toLowerCase()))
                  .map((connection) => ({
                    kind: "connection" as const,
                    key: connection.id,
                    connector: step.connector,
                    connection,
                  })),
                { kind: "connection", key: "none", connector: step.connector, connection: null },
              ],
            },
          ];
  const entries = sections.flatMap((section) => section.entries);
  const active = Math.min(at, Math.max(0, entries.length - 1));
  useEffect(() => {
    shown.current?.querySelector(`[data-at="${active}"]`)?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const back = () =>
    step.at === "connection" ? go({ at: "connector", connector: step.connector }) : go({ at: "all" });
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + 8, PageUp: active - 8 }[
      event.key
    ];
    if (to !== undefined) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(entries.length - 1, to)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const entry = entries[active];
      if (entry !== undefined) take(entry);
    } else if (
      (event.key === "Backspace" || event.key === "ArrowLeft") &&
      query === "" &&
      step.at !== "all"
    ) {
      event.preventDefault();
      back();
    }
  };
  let number = -1;
  return (
    <Dialog title={t("editor.pick")} onClose={onClose} wide>
      <div className="editor-picker">
        <div className="editor-picker-head">
          {step.at === "all" ? null : (
            <Button look="bare" icon="back" onClick={back}>
              {t("editor.pickBack")}
            </Button>
          )}
          <input
            ref={input}
            className="control"
            data-autofocus
            type="search"
            role="combobox"
            aria-expanded="true"
            aria-controls={list}
            aria-activedescendant={entries.length === 0 ? undefined : `${list}-${active}`}
            aria-autocomplete="list"
            aria-label={t("editor.pickSearch")}
            placeholder={t("editor.pickSearch")}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
          />
        </div>
        {error === null ? null : <Problem error={error} onRetry={() => setError(null)} />}
        {step.at === "connector" && blocks.isPending ? <Loading /> : null}
        {blocks.isError && step.at === "connector" ? (
          <Problem error={blocks.error} onRetry={() => void blocks.refetch()} />
        ) : null}
        <div
          id={list}
          ref={shown}
          role="listbox"
          aria-label={t("editor.pick")}
          className="editor-picker-list"
        >
          {sections
            .filter((section) => section.entries.length > 0)
            .map((section) => (
              <div
                key={section.title}
                role="group"
                aria-label={section.title}
                className="editor-picker-group"
              >
                <p className="editor-picker-title" aria-hidden="true">
                  {section.title}
                </p>
                {section.entries.map((entry) => {
                  number += 1;
                  const mine = number;
                  return (
                    <div
                      key={`${section.title}/${entry.kind}/${entry.key}`}
                      id={`${list}-${mine}`}
                      data-at={mine}
                      role="option"
                      tabIndex={-1}
                      aria-selected={mine === active}
                      className={mine === active ? "editor-offer editor-offer-active" : "editor-offer"}
                      onClick={() => take(entry)}
                      onPointerMove={() => mine !== active && setAt(mine)}
                    >
                      <OfferView entry={entry} />
                    </div>
                  );
                })}
              </div>
            ))}
        </div>
        {entries.length === 0 && !(step.at === "connector" && blocks.isPending) ? (
          <p className="muted" role="status">
            {t("editor.pickNone")}
          </p>
        ) : null}
      </div>
    </Dialog>
  );
}

function OfferView({ entry }: { readonly entry: Entry }) {
  const { t } = useLocale();
  if (entry.kind === "type") {
    return (
      <>
        <span className={`editor-icon editor-icon-${entry.type.group}`}>
          <Icon name={iconNamed(drawn(entry.type.icon))} size={14} />
        </span>
        <Texts title={entry.type.title} text={entry.type.doc} />
      </>
    );
  }
  if (entry.kind === "connection") {
    return (
      <>
        <Logo name={entry.connector.name} src={entry.connector.logoSmall} size={24} />
        <Texts title={entry.connection?.name ?? t("editor.pickNoConnection")} text="" />
      </>
    );
  }
  if (entry.kind === "connector") {
    return (
      <>
        <Logo name={entry.connector.name} src={entry.connector.logoSmall} size={24} />
        <Texts title={entry.connector.name} text={entry.connector.description ?? ""} />
        <Icon name="chevronRight" size={14} />
      </>
    );
  }
  return (
    <>
      <Logo name={entry.connector.name} src={entry.connector.logoSmall} size={24} />
      <Texts title={entry.block.name} text={entry.block.description ?? entry.connector.name} />
      <span className="editor-tag">{roleWord(entry.block.role, t)}</span>
    </>
  );
}

const ROLES = [
  "list",
  "search",
  "listnew",
  "listupdated",
  "get",
  "create",
  "update",
  "upsert",
  "delete",
] as const;

function roleWord(role: string, t: ReturnType<typeof useLocale>["t"]): string {
  const known = ROLES.find((one) => one === role.toLowerCase());
  return known === undefined ? role : t(`editor.role.${known}`);
}

function Texts({ title, text }: { readonly title: string; readonly text: string }) {
  const brief = plain(text.slice(0, 1000)).replaceAll("`", "").slice(0, 200);
  return (
    <span className="editor-offer-texts">
      <bdi className="editor-title">{title}</bdi>
      {brief === "" ? null : <bdi className="editor-summary">{brief}</bdi>}
    </span>
  );
}
