import { useDeferredValue, useState } from "react";
import { useLocale } from "../../i18n";
import { Badge, Button, Dialog, Empty, JsonView, Search, Tabs } from "../../ui";
import { useFormulas } from "./context";
import { brief, type Datum, pathText } from "./data";
import { Functions } from "./Functions";

type Props = {
  readonly onClose: () => void;
  readonly onInsert: (text: string, caret?: number) => void;
  readonly first?: "data" | "functions";
};

/** Data and functions for those who do not type paths. */
export function Insert({ onClose, onInsert, first = "data" }: Props) {
  const { t } = useLocale();
  const [tab, setTab] = useState<string>(first);
  return (
    <Dialog title={t("panel.insert")} onClose={onClose} wide>
      <Tabs
        label={t("panel.insert")}
        value={tab}
        onChange={setTab}
        tabs={[
          { id: "data", label: t("panel.data"), content: <Data onInsert={onInsert} /> },
          { id: "functions", label: t("panel.functions"), content: <Functions onInsert={onInsert} /> },
        ]}
      />
    </Dialog>
  );
}

function Data({ onInsert }: Pick<Props, "onInsert">) {
  const { t } = useLocale();
  const { data } = useFormulas();
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed).trim().toLowerCase();
  const shown = data.filter((one) => wanted === "" || searched(one).includes(wanted));
  if (data.length === 0) return <Empty title={t("panel.noData")} text={t("panel.noDataText")} />;
  return (
    <div className="insert">
      <Search label={t("panel.searchData")} value={typed} onChange={setTyped} />
      {shown.length === 0 ? <p>{t("state.noMatch")}</p> : null}
      <ul className="insert-list">
        {shown.map((one) => (
          <li key={`${one.kind}${one.name}`}>
            <One datum={one} onInsert={onInsert} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function searched(one: Datum): string {
  return `${one.name} ${one.title} ${brief(one.value, 2000)}`.toLowerCase();
}

function One({ datum, onInsert }: { readonly datum: Datum; readonly onInsert: Props["onInsert"] }) {
  const { t } = useLocale();
  const [open, setOpen] = useState(false);
  const root = pathText(datum.name, []);
  const nested = typeof datum.value === "object" && datum.value !== null;
  const kinds = {
    block: "panel.kind.block",
    loop: "panel.kind.loop",
    variable: "panel.kind.variable",
  } as const;
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <bdi className="insert-title">{datum.title}</bdi> <code>{root}</code>{" "}
        <Badge>{t(kinds[datum.kind])}</Badge>{" "}
        <span className="insert-brief">
          {datum.value === undefined ? t("panel.noSampleYet") : brief(datum.value, 60)}
        </span>
      </summary>
      {open ? (
        <div className="insert-inside">
          <Button icon="plus" onClick={() => onInsert(`{${root}}`)}>
            {t("panel.insertWhole", datum.title)}
          </Button>
          {nested ? (
            <>
              <p className="field-hint">{t("panel.pickField")}</p>
              <JsonView
                value={datum.value}
                open={2}
                onPick={(path) => onInsert(`{${root}${path.startsWith("[") ? path : `.${path}`}}`)}
              />
            </>
          ) : null}
        </div>
      ) : null}
    </details>
  );
}
