import { useMemo, useState } from "react";
import { useLocale } from "../i18n";
import { Button, JsonView } from "../ui";
import { cellOf, columnsOf } from "./records";
import "./testing.css";

const FIRST_COLUMNS = 8;
const LONGEST = 160;

/** Records as a table; whatever is inside of a cell is data, never a document. */
export function Records({
  records,
  caption,
}: {
  readonly records: readonly unknown[];
  readonly caption: string;
}) {
  const { t } = useLocale();
  const columns = useMemo(() => columnsOf(records), [records]);
  const [all, setAll] = useState(false);
  const shown = all ? columns : columns.slice(0, FIRST_COLUMNS);
  if (records.length === 0) return <p>{t("connectors.noRecords")}</p>;
  if (columns.length === 0) return <JsonView value={records} open={2} />;
  return (
    <>
      <section className="connectors-records" aria-label={caption} tabIndex={0}>
        <table>
          <caption className="visually-hidden">{caption}</caption>
          <thead>
            <tr>
              {shown.map((name) => (
                <th key={name} scope="col">
                  <bdi>{name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {records.map((record, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: records of one answer have no other name that is sure to be their own
              <tr key={index}>
                {shown.map((name) => (
                  <td key={name}>
                    <Cell value={cellOf(record, name)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {columns.length > FIRST_COLUMNS ? (
        <Button onClick={() => setAll(!all)}>
          {all ? t("action.showLess") : t("connectors.moreColumns", columns.length - FIRST_COLUMNS)}
        </Button>
      ) : null}
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
      <button type="button" className="connectors-link" onClick={() => setWhole(!whole)}>
        {t(whole ? "action.showLess" : "action.showMore")}
      </button>
    </>
  );
}
