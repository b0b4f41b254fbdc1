import { useMemo, useState } from "react";
import { useLocale } from "../i18n";
import { Badge, Button, Lazy, Markdown, Search, Select } from "../ui";
import { type BlockSpec, type Manifest, writes } from "./manifest";
import { blockKind, KIND_ORDER, pagingName } from "./names";

const PIECE = 60;

/** What automations can do with a connector. */
export function BlocksTab({
  manifest,
  onTry,
}: {
  readonly manifest: Manifest;
  readonly onTry: (block: string) => void;
}) {
  const { t } = useLocale();
  const [sought, setSought] = useState("");
  const [kind, setKind] = useState("");
  const [most, setMost] = useState(PIECE);
  const blocks = useMemo(() => manifest.blocks ?? [], [manifest]);
  const kinds = useMemo(() => new Set(blocks.map((block) => block.kind ?? "action")), [blocks]);
  const wanted = sought.trim().toLowerCase();
  const shown = blocks.filter(
    (block) =>
      (kind === "" || (block.kind ?? "action") === kind) &&
      `${block.name ?? ""} ${block.id} ${block.path ?? ""} ${block.object ?? ""}`
        .toLowerCase()
        .includes(wanted),
  );
  return (
    <>
      <div className="toolbar">
        <Search value={sought} onChange={setSought} label={t("connectors.searchBlocks")} />
        <Select
          aria-label={t("connectors.kindOf")}
          empty={t("connectors.allKinds")}
          options={KIND_ORDER.filter((one) => kinds.has(one)).map((one) => ({
            value: one,
            label: blockKind(one, t),
          }))}
          value={kind}
          onChange={setKind}
        />
        <span className="muted" role="status">
          {t("count.blocks", shown.length)}
        </span>
      </div>
      {shown.slice(0, most).map((block) => (
        <Lazy
          key={block.id}
          className="connectors-block"
          title={
            <>
              <bdi className="connectors-block-name">{block.name || block.id}</bdi>{" "}
              <Badge tone={writes(block) ? "warn" : "neutral"}>{blockKind(block.kind ?? "action", t)}</Badge>{" "}
              <code>{[block.method ?? "GET", block.path].filter(Boolean).join(" ")}</code>{" "}
              {block.deprecated === true ? <Badge tone="warn">{t("connectors.deprecated")}</Badge> : null}
            </>
          }
        >
          {() => <About block={block} onTry={() => onTry(block.id)} />}
        </Lazy>
      ))}
      {shown.length > most ? (
        <div className="more">
          <Button onClick={() => setMost(most + PIECE)}>{t("json.rest", shown.length - most)}</Button>
        </div>
      ) : null}
    </>
  );
}

function About({ block, onTry }: { readonly block: BlockSpec; readonly onTry: () => void }) {
  const { t } = useLocale();
  const inputs = block.inputs ?? [];
  return (
    <div className="stack">
      {block.description ? <Markdown text={block.description} /> : null}
      <dl className="facts">
        {block.object ? (
          <>
            <dt>{t("connectors.field.object")}</dt>
            <dd>
              <bdi>{block.object}</bdi>
            </dd>
          </>
        ) : null}
        {block.records ? (
          <>
            <dt>{t("connectors.field.records")}</dt>
            <dd>
              <code>{block.records}</code>
            </dd>
          </>
        ) : null}
        {block.paging?.style ? (
          <>
            <dt>{t("connectors.field.pagingStyle")}</dt>
            <dd>{pagingName(block.paging.style, t)}</dd>
          </>
        ) : null}
      </dl>
      {inputs.length === 0 ? null : (
        <div>
          <h3>{t("connectors.inputs")}</h3>
          <ul className="connectors-inputs">
            {inputs.map((input) => (
              <li key={`${input.location ?? ""} ${input.id}`}>
                <code>{input.id}</code> <span className="muted">{input.type ?? "string"}</span>{" "}
                {input.required === true ? <Badge>{t("state.required")}</Badge> : null}{" "}
                <bdi className="muted">{short(input.description ?? "")}</bdi>
              </li>
            ))}
          </ul>
        </div>
      )}
      <div>
        <Button
          icon="play"
          aria-label={`${t("connectors.tryIt")}: ${block.name || block.id}`}
          onClick={onTry}
        >
          {t("connectors.tryIt")}
        </Button>
      </div>
    </div>
  );
}

function short(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
