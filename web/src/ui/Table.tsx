import type { ReactNode } from "react";
import { Link } from "wouter";
import "./Table.css";

export type Column<Row> = {
  readonly id: string;
  readonly label: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: "end";
  /** Takes what is left of the width; long texts in it are cut. */
  readonly wide?: boolean;
  /** Whether `label` is only for screen readers. */
  readonly quiet?: boolean;
};

type Props<Row> = {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Where a row leads: its first cell becomes the link. */
  readonly to?: (row: Row) => string;
};

/** Rows and columns; on a narrow screen each row becomes a card whose cells bear their column's name. */
export function Table<Row>({ caption, columns, rows, keyOf, to }: Props<Row>) {
  return (
    <div className="table-frame">
      <table className="table">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={column.align === "end" ? "table-end" : undefined}>
                <span className={column.quiet === true ? "visually-hidden" : undefined}>{column.label}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, index) => {
                const shown = column.cell(row);
                const named =
                  typeof column.label === "string" && column.quiet !== true ? column.label : undefined;
                const look = [
                  column.align === "end" ? "table-end" : "",
                  column.wide === true ? "table-wide" : "",
                ]
                  .filter(Boolean)
                  .join(" ");
                return (
                  <td key={column.id} data-label={named} className={look || undefined}>
                    {index === 0 && to !== undefined ? (
                      <Link href={to(row)} className="table-link">
                        {shown}
                      </Link>
                    ) : (
                      shown
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
