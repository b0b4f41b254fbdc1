import { useMemo, useState } from "react";
import { useLocale } from "../i18n";
import { Button, Dialog, JsonView } from "../ui";
import { cellOf, columnsOf } from "./records";
import "./data.css";

const PIECE = 50;
const FIRST_COLUMNS = 12;
const LONGEST = 160;

/** A list of records as a table: a piece at a time, long values cut, a record as a whole on demand. What is inside of a cell is data,
 * never a document. */
export function Records({ records }: { readonly records: readonly unknown[] }) {
  const { t, number } = useLocale();
  const columns = useMemo(() => columnsOf(records), [records]);
  const [all, setAll] = useState(false);
  const [shown, setShown] = useState(PIECE);
  const [open, setOpen] = useState<number | null>(null);
  const named = all ? columns : columns.slice(0, FIRST_COLUMNS);
  if (records.length === 0) return <p className="muted">{t("data.noRecords")}</p>;
  if (columns.length === 0) return <JsonView value={records} open={2} />;
  return (
    <>
      <p className="muted">{t("count.records", records.length, number(records.length))}</p>
      {/* A scrolling region that holds nothing to stop at needs a stop of its own. */}
      <section className="data-records" tabIndex={0} aria-label={t("data.records")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("data.recordNumber")}</th>
              {named.map((name) => (
                <th key={name} scope="col">
                  <bdi>{name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {records.slice(0, shown).map((record, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: records have no other name that is sure to be their own
              <tr key={index}>
                <th scope="row">
                  <button
                    type="button"
                    className="data-record"
                    onClick={() => setOpen(index)}
                    aria-label={t("data.recordOpen", number(index + 1))}
                  >
                    {number(index + 1)}
                  </button>
                </th>
                {named.map((name) => (
                  <td key={name}>
                    <Cell value={cellOf(record, name)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {records.length > shown ? (
        <Button onClick={() => setShown(shown + PIECE)}>{t("action.showMore")}</Button>
      ) : null}
      {columns.length > FIRST_COLUMNS ? (
        <Button onClick={() => setAll(!all)}>
          {all ? t("data.fewerColumns") : t("data.moreColumns", columns.length - FIRST_COLUMNS)}
        </Button>
      ) : null}
      {open === null ? null : (
        <Dialog title={t("data.recordOpen", number(open + 1))} onClose={() => setOpen(null)}>
          <JsonView value={records[open]} open={3} />
        </Dialog>
      )}
    </>
  );
}

function Cell({ value }: { readonly value: unknown }) {
  const { t } = useLocale();
  const [whole, setWhole] = useState(false);
  if (value === undefined || value === null) return <span className="muted">–</span>;
  if (typeof value === "object") return <JsonView value={value} open={0} />;
  const text = String(value);
  if (text.length <= LONGEST) return <bdi>{text}</bdi>;
  return (
    <>
      <bdi>{whole ? text : `${text.slice(0, LONGEST)}…`}</bdi>{" "}
      <button type="button" className="data-more" onClick={() => setWhole(!whole)}>
        {t(whole ? "action.showLess" : "action.showMore")}
      </button>
    </>
  );
}
