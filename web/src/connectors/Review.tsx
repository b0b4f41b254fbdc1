import type { ConnectorFact, UnderstoodBlock, UnderstoodConnector } from "@client";
import { useMemo, useState } from "react";
import { kindName } from "../connections/names";
import { useLocale } from "../i18n";
import { Badge, Lazy, Search } from "../ui";
import { Confidence } from "./Confidence";
import { FactLine } from "./FactLine";
import { byThing, type Corrections, corrected, placeOf, questions } from "./facts";
import { blockKind, KIND_ORDER, pagingName } from "./names";
import "./facts.css";

type Props = {
  readonly found: UnderstoodConnector;
  readonly corrections: Corrections;
  readonly onCorrect: (path: string, value: unknown) => void;
  readonly onUndo: (path: string) => void;
};

const FIRST_QUESTIONS = 8;

/** What an import has understood, before anything is kept: what is unsure first, then everything by kind. */
export function Review({ found, corrections, onCorrect, onUndo }: Props) {
  const { t, number } = useLocale();
  const { threshold } = found.facts;
  const facts = useMemo(() => corrected(found.facts.data, corrections), [found, corrections]);
  const things = useMemo(() => byThing(facts), [facts]);
  // What was asked stays in its place while it is answered.
  const asked = useMemo(() => questions(found.facts.data), [found]);
  const byPath = useMemo(() => new Map(facts.map((fact) => [fact.path, fact])), [facts]);
  const names = useMemo(() => namesOf(found), [found]);
  const [most, setMost] = useState(FIRST_QUESTIONS);
  const line = (fact: ConnectorFact, of?: string) => (
    <FactLine
      key={fact.path}
      fact={fact}
      threshold={threshold}
      of={of}
      onCorrect={(value) => onCorrect(fact.path, value)}
      {...(corrections.has(fact.path) && { onUndo: () => onUndo(fact.path) })}
    />
  );
  const linesOf = (key: string) => {
    const mine = things.get(key) ?? [];
    return mine.length === 0 ? (
      <p className="muted">{t("connectors.noFacts")}</p>
    ) : (
      <ul className="connectors-facts">{mine.map((fact) => line(fact))}</ul>
    );
  };
  const answered = asked.filter((fact) => corrections.has(fact.path)).length;
  return (
    <div className="stack">
      <dl className="facts">
        <dt>{t("connectors.format")}</dt>
        <dd>
          <bdi>{[found.format, String(found.report["version"] ?? "")].filter(Boolean).join(" ")}</bdi>
        </dd>
        <dt>{t("connectors.servers")}</dt>
        <dd>
          {found.servers.length === 0 ? (
            <span className="connectors-warn">{t("connectors.noServers")}</span>
          ) : (
            found.servers.map((one) => (
              <div key={one.url}>
                <code>{one.url}</code> <bdi className="muted">{one.description}</bdi>
              </div>
            ))
          )}
        </dd>
        <dt>{t("connectors.understood")}</dt>
        <dd>
          {t(
            "connectors.counts",
            found.blockCount,
            found.objects.length,
            found.auth.length,
            found.webhooks.length,
          )}
        </dd>
      </dl>

      <section aria-labelledby="connectors-questions">
        <h3 id="connectors-questions">{t("connectors.questions")}</h3>
        {asked.length === 0 ? (
          <p>{t("connectors.noQuestions")}</p>
        ) : (
          <>
            <p role="status">{t("connectors.questionsText", asked.length, answered)}</p>
            <ul className="connectors-facts">
              {asked.slice(0, most).map((fact) => line(byPath.get(fact.path) ?? fact, names(fact.path)))}
            </ul>
            {asked.length > most ? (
              <button type="button" className="button" onClick={() => setMost(most + 50)}>
                {t("json.rest", asked.length - most)}
              </button>
            ) : null}
          </>
        )}
      </section>

      {found.warnings.length === 0 ? null : (
        <Lazy title={t("connectors.warnings", found.warnings.length)} className="connectors-warnings">
          {() => (
            <ul>
              {found.warnings.map((one) => (
                <li key={`${one.code} ${one.pointer} ${one.message}`}>
                  <bdi>{one.message}</bdi> {one.pointer === "" ? null : <code>{one.pointer}</code>}
                </li>
              ))}
            </ul>
          )}
        </Lazy>
      )}

      <section>
        <h3>{t("connectors.signIn")}</h3>
        {found.auth.length === 0 ? <p>{t("connectors.noSignIn")}</p> : null}
        {found.auth.map((one) => (
          <Lazy
            key={one.id}
            title={
              <>
                <bdi>{one.kind === "oauth2" ? t("connectors.oauth2") : kindName(one.kind, t)}</bdi>{" "}
                <span className="muted">
                  <bdi>{one.fields.join(", ")}</bdi>
                </span>
              </>
            }
          >
            {() => linesOf(`auth/${one.id}`)}
          </Lazy>
        ))}
      </section>

      <section>
        <h3>{t("connectors.blocksOf", number(found.blockCount))}</h3>
        <Blocks
          blocks={found.blocks}
          threshold={threshold}
          facts={(block) => linesOf(`blocks/${block.id}`)}
        />
      </section>

      {found.objects.length === 0 ? null : (
        <section>
          <h3>{t("connectors.objects")}</h3>
          {found.objects.map((one) => (
            <Lazy
              key={one.name}
              title={
                <>
                  <bdi>{one.label}</bdi>{" "}
                  <span className="muted">
                    {t("connectors.objectKey", one.primaryKey.join(", "), one.fields)}
                  </span>
                </>
              }
            >
              {() => linesOf(`objects/${one.name}`)}
            </Lazy>
          ))}
        </section>
      )}

      {found.webhooks.length === 0 ? null : (
        <section>
          <h3>{t("connectors.events")}</h3>
          {found.webhooks.map((id) => (
            <Lazy key={id} title={<bdi>{id}</bdi>}>
              {() => linesOf(`webhooks/${id}`)}
            </Lazy>
          ))}
        </section>
      )}
    </div>
  );
}

function Blocks(props: {
  readonly blocks: readonly UnderstoodBlock[];
  readonly threshold: number;
  readonly facts: (block: UnderstoodBlock) => React.ReactNode;
}) {
  const { t } = useLocale();
  const [sought, setSought] = useState("");
  const wanted = sought.trim().toLowerCase();
  const shown = props.blocks.filter((block) =>
    `${block.name} ${block.id} ${block.path} ${block.object}`.toLowerCase().includes(wanted),
  );
  const kinds = KIND_ORDER.map((kind) => [kind, shown.filter((block) => block.kind === kind)] as const);
  const row = (block: UnderstoodBlock) => (
    <Lazy
      key={block.id}
      className="connectors-block"
      title={
        <>
          <bdi>{block.name}</bdi> <code>{[block.method, block.path].filter(Boolean).join(" ")}</code>{" "}
          {block.paging && block.paging !== "none" ? <Badge>{pagingName(block.paging, t)}</Badge> : null}
          {block.deprecated ? <Badge tone="warn">{t("connectors.deprecated")}</Badge> : null}
          {block.confidence < props.threshold ? (
            <Confidence
              fact={{ confidence: block.confidence, setBy: "importer" }}
              threshold={props.threshold}
            />
          ) : null}
        </>
      }
    >
      {() => props.facts(block)}
    </Lazy>
  );
  return (
    <>
      <div className="toolbar">
        <Search value={sought} onChange={setSought} label={t("connectors.searchBlocks")} />
      </div>
      {shown.length === 0 ? <p role="status">{t("state.noMatch")}</p> : null}
      {kinds.map(([kind, blocks]) =>
        blocks.length === 0 ? null : (
          <Lazy
            key={kind}
            title={
              <>
                {blockKind(kind, t)} <span className="muted">{blocks.length}</span>
              </>
            }
          >
            {() => blocks.map(row)}
          </Lazy>
        ),
      )}
    </>
  );
}

/** What the thing of a path is called. */
function namesOf(found: UnderstoodConnector): (path: string) => string {
  const names = new Map<string, string>([
    ...found.blocks.map((one) => [`blocks/${one.id}`, one.name] as const),
    ...found.objects.map((one) => [`objects/${one.name}`, one.label] as const),
    ...found.auth.map((one) => [`auth/${one.id}`, one.label] as const),
  ]);
  return (path) => {
    const { section, of } = placeOf(path);
    return names.get(`${section}/${of}`) ?? (of === "" ? found.title : of);
  };
}
