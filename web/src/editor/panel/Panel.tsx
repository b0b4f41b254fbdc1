import { useEffect, useMemo, useState } from "react";
import { useLocale } from "../../i18n";
import { Badge, IconButton, plain, type Tab, Tabs } from "../../ui";
import { titleOf } from "../document";
import { FormulaProvider } from "../formula/context";
import { loadCode } from "../formula/FormulaInput";
import { useBlock, useIssues } from "../hooks";
import type { Editor } from "../store";
import { ConnectionTab } from "./ConnectionTab";
import { PanelProvider } from "./context";
import { InputsTab } from "./InputsTab";
import { OutputTab } from "./OutputTab";
import { isConnectorBlock, useDescribed } from "./queries";
import { RawTab } from "./RawTab";
import { SettingsTab } from "./SettingsTab";
import "./panel.css";

export type PanelTab = "inputs" | "output" | "settings" | "connection" | "raw";

type Props = {
  readonly editor: Editor;
  readonly blockId: string;
  readonly onClose?: () => void;
  /** Saves what is edited before a test; false where the server refused. Without it the panel saves by itself. */
  readonly save?: () => Promise<boolean>;
  /** The tab that is open at first, and again whenever this changes. */
  readonly tab?: PanelTab;
};

/** All of one block: what it works with, what it gave, and how it is run. */
export function Panel({ editor, blockId, onClose, save, tab = "inputs" }: Props) {
  const block = useBlock(editor, blockId);
  const [open, setOpen] = useState<string>(tab);
  useEffect(() => setOpen(tab), [tab]);
  useEffect(() => {
    // The formula editor is worth having as soon as nothing else is to be done.
    const timer = setTimeout(() => void loadCode(), 300);
    return () => clearTimeout(timer);
  }, []);
  if (block === undefined) return null;
  return (
    <Opened
      key={blockId}
      editor={editor}
      blockId={blockId}
      onClose={onClose}
      save={save}
      open={open}
      onOpen={setOpen}
    />
  );
}

export default Panel;

type OpenedProps = {
  readonly editor: Editor;
  readonly blockId: string;
  readonly onClose: (() => void) | undefined;
  readonly save: (() => Promise<boolean>) | undefined;
  readonly open: string;
  readonly onOpen: (tab: string) => void;
};

function Opened({ editor, blockId, onClose, save, open, onOpen }: OpenedProps) {
  const { t } = useLocale();
  const block = useBlock(editor, blockId);
  const issues = useIssues(editor, blockId);
  const described = useDescribed(block ?? { id: blockId, type: "" });
  const value = useMemo(
    () => (block === undefined ? null : { editor, block, described, issues, save }),
    [editor, block, described, issues, save],
  );
  if (block === undefined || value === null) return null;
  const tabs: Tab[] = [
    { id: "inputs", label: t("panel.tab.form"), content: <InputsTab /> },
    { id: "output", label: t("panel.tab.last"), content: <OutputTab /> },
    { id: "settings", label: t("panel.tab.settings"), content: <SettingsTab /> },
  ];
  if (isConnectorBlock(block))
    tabs.push({ id: "connection", label: t("panel.tab.connection"), content: <ConnectionTab /> });
  tabs.push({ id: "raw", label: t("panel.tab.raw"), content: <RawTab /> });
  const kind = described.palette?.["title"];
  const doc = described.operation?.["description"] ?? described.palette?.["doc"];
  const loose = issues.filter((one) => one.input === null || one.input === "");
  return (
    <PanelProvider value={value}>
      <FormulaProvider editor={editor} blockId={blockId}>
        <section className="panel" aria-label={t("panel.label", titleOf(block))}>
          <header className="panel-head">
            <div>
              <h2>
                <bdi>{titleOf(block)}</bdi>
              </h2>
              <p className="panel-kind">
                {typeof kind === "string" ? kind : block.type}
                {described.connector == null ? null : (
                  <>
                    {" · "}
                    <bdi>{described.connector.name}</bdi>
                  </>
                )}{" "}
                {block.disabled === true ? <Badge tone="warn">{t("panel.isDisabled")}</Badge> : null}
              </p>
            </div>
            {onClose === undefined ? null : (
              <IconButton icon="close" label={t("action.close")} onClick={onClose} />
            )}
          </header>
          {typeof doc === "string" && doc !== "" ? <Doc key={doc} text={doc} /> : null}
          {loose.map((one) => (
            <p
              key={`${one.code}${one.text}`}
              className={one.severity === "error" ? "panel-issue panel-issue-bad" : "panel-issue"}
            >
              {one.text}
            </p>
          ))}
          <Tabs label={t("panel.tabs")} tabs={tabs} value={open} onChange={onOpen} />
        </section>
      </FormulaProvider>
    </PanelProvider>
  );
}

const SHORT = 160;

function Doc({ text }: { readonly text: string }) {
  const { t } = useLocale();
  const [whole, setWhole] = useState(false);
  const read = plain(text);
  if (read.length <= SHORT) return <p className="panel-doc">{coded(read)}</p>;
  return (
    <p className="panel-doc">
      {coded(whole ? read : `${read.slice(0, SHORT)}…`)}{" "}
      <button type="button" className="panel-link" aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {t(whole ? "action.showLess" : "action.showMore")}
      </button>
    </p>
  );
}

/** Names in backticks, as documentation writes them. */
function coded(text: string) {
  return text.split("`").map((part, at) => {
    const key = `${at}${part}`;
    return at % 2 === 1 ? <code key={key}>{part}</code> : <span key={key}>{part}</span>;
  });
}
