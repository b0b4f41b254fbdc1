import { useState } from "react";
import { useLocale } from "../i18n";
import { Button, Dialog, JsonView } from "../ui";
import { cellText, columnsOf } from "./values";

const PIECE = 50;
const LONGEST = 80;

/** A list of records as a table: a piece at a time, long values cut, a record as a whole on demand. */
export function Records({ records }: { readonly records: readonly Record<string, unknown>[] }) {
  const { t, number } = useLocale();
  const [shown, setShown] = useState(PIECE);
  const [open, setOpen] = useState<number | null>(null);
  const columns = columnsOf(records);
  const whole = open === null ? undefined : records[open];
  return (
    <>
      <p className="muted">{t("runs.records", records.length, number(records.length))}</p>
      {/* A scrolling region that holds nothing to stop at needs a stop of its own. */}
      <section className="runs-records" tabIndex={0} aria-label={t("runs.tab.records")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("runs.recordNumber")}</th>
              {columns.map((name) => (
                <th key={name} scope="col">
                  <bdi>{name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {records.slice(0, shown).map((record, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: records have no other name, and never change
              <tr key={index}>
                <th scope="row">
                  <button
                    type="button"
                    className="runs-record"
                    onClick={() => setOpen(index)}
                    aria-label={t("runs.recordOpen", number(index + 1))}
                  >
                    {number(index + 1)}
                  </button>
                </th>
                {columns.map((name) => {
                  const text = cellText(record[name]);
                  return (
                    <td key={name}>
                      <bdi>{text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}</bdi>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {records.length > shown ? (
        <Button onClick={() => setShown(shown + PIECE)}>{t("action.showMore")}</Button>
      ) : null}
      {whole === undefined || open === null ? null : (
        <Dialog title={t("runs.recordOpen", number(open + 1))} onClose={() => setOpen(null)}>
          <JsonView value={whole} open={3} />
        </Dialog>
      )}
    </>
  );
}
