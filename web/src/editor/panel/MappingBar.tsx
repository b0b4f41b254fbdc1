import { useEffect, useMemo, useState } from "react";
import { useLocale } from "../../i18n";
import { Button, Checkbox, Search } from "../../ui";
import { type Block, withInput } from "../document";
import { useFormulas } from "../formula/context";
import { usePanel } from "./context";
import { autoMapped, sourcesOf } from "./mapping";
import { isConnectorBlock } from "./queries";
import { readValue, type Spec, slotOf } from "./spec";
import { asText } from "./values";

const ENOUGH = 3;
const MANY = 8;
const FREE = new Set(["text", "longtext", "number", "date", "any"]);

const READS = new Set(["list", "search", "get", "listnew", "listupdated", "delete"]);

/** Whether the form is that of a record to be written, with so many fields that mapping them one by one is work. */
export function isRecord(block: Block, specs: readonly Spec[]): boolean {
  if (!isConnectorBlock(block) || READS.has(block.endpoint_role ?? "")) return false;
  return specs.filter((one) => FREE.has(one.type)).length >= ENOUGH;
}

type Props = {
  readonly specs: readonly Spec[];
  readonly children: (shown: readonly Spec[]) => React.ReactNode;
};

/** Above the fields of a record: map them by name, find one, see those that have no value yet. */
export function MappingBar({ specs, children }: Props) {
  const { t } = useLocale();
  const { editor, block } = usePanel();
  const { data, wake, pending } = useFormulas();
  const [typed, setTyped] = useState("");
  const [onlyEmpty, setOnlyEmpty] = useState(false);
  const [said, setSaid] = useState("");
  useEffect(wake, [wake]);
  const sources = useMemo(() => sourcesOf(data), [data]);
  const free = specs.filter((one) => FREE.has(one.type));
  const mapped = new Set(free.filter((one) => asText(readValue(block, one)) !== "").map((one) => one.id));
  const auto = () => {
    const targets = free.map((one) => ({ name: one.id, label: one.label, required: one.required }));
    const found = autoMapped(targets, sources, mapped);
    setSaid(t("panel.autoMapped", found.size));
    if (found.size === 0) return;
    editor.editBlock(block.id, (now) =>
      free.reduce((made, one) => {
        const source = found.get(one.id);
        if (source === undefined) return made;
        const old = made.inputs?.some((entry) => entry.id === slotOf(made, one).id) === true;
        return withInput(made, slotOf(made, one).id, {
          value: source.formula,
          ...(old ? {} : { type: "string", structure: [] }),
        });
      }, now),
    );
  };
  const wanted = typed.trim().toLowerCase();
  // A field that gets its value while only empty ones are shown stays until that is asked for anew.
  const [emptyThen, setEmptyThen] = useState<ReadonlySet<string>>(new Set());
  const shown = specs.filter(
    (one) =>
      (wanted === "" || `${one.id} ${one.label}`.toLowerCase().includes(wanted)) &&
      (!onlyEmpty || emptyThen.has(one.id)),
  );
  const missing = specs.filter((one) => one.required && asText(readValue(block, one)) === "");
  return (
    <>
      {editor.readOnly ? null : (
        <div className="panel-actions">
          <Button icon="link" busy={pending} disabled={sources.length === 0} onClick={auto}>
            {t("panel.autoMap")}
          </Button>
          {specs.length > MANY ? (
            <>
              <Search label={t("panel.searchFields")} value={typed} onChange={setTyped} />
              <Checkbox
                label={t("panel.onlyUnmapped")}
                checked={onlyEmpty}
                onChange={(on) => {
                  setOnlyEmpty(on);
                  setEmptyThen(
                    new Set(specs.filter((one) => asText(readValue(block, one)) === "").map((one) => one.id)),
                  );
                }}
              />
            </>
          ) : null}
        </div>
      )}
      <p className="field-hint" role="status">
        {said === "" ? t("panel.mappedOf", mapped.size, free.length) : said}{" "}
        {missing.length > 0 ? t("panel.missingFields", missing.map((one) => one.label).join(", ")) : null}
      </p>
      {children(shown)}
      {shown.length === 0 ? <p>{t("state.noMatch")}</p> : null}
    </>
  );
}
