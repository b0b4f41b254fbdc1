import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { useLocale } from "../i18n";
import type { Series } from "./ChartFrame";
import { linear, shownLabels, ticks } from "./scale";
import { useWidth } from "./useWidth";

const HEIGHT = 190;
const LEFT = 54;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 26;
const LABEL_ROOM = 92;

export type Room = {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  readonly slot: number;
  readonly bottom: number;
};

type Props = {
  readonly title: string;
  readonly description: string;
  readonly labels: readonly string[];
  /** Short forms of the labels, below the axis. */
  readonly short: readonly string[];
  readonly most: number;
  readonly whole: boolean;
  readonly series: readonly Series[];
  readonly values: (index: number) => readonly string[];
  readonly axis: (value: number) => string;
  readonly draw: (room: Room) => ReactNode;
};

/** Axes, and a mark that goes from point to point by mouse or arrow keys and says what is there. */
export function Plot({ title, description, labels, short, most, whole, series, values, axis, draw }: Props) {
  const { t } = useLocale();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const id = useId();
  const [at, setAt] = useState<number | null>(null);
  const count = labels.length;
  const inner = Math.max(50, width - LEFT - RIGHT);
  const slot = inner / Math.max(1, count);
  const marks = ticks(most, 4, whole);
  const top = marks.at(-1) ?? 1;
  const height = linear(0, top, HEIGHT - TOP - BOTTOM);
  const room: Room = {
    x: (index) => LEFT + slot * (index + 0.5),
    y: (value) => HEIGHT - BOTTOM - height(value),
    slot,
    bottom: HEIGHT - BOTTOM,
  };
  const shown = at !== null && at < count ? at : null;
  const onKeys = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: (at ?? -1) + 1,
      ArrowLeft: (at ?? count) - 1,
      Home: 0,
      End: count - 1,
    };
    const move = moves[event.key];
    if (event.key === "Escape") setAt(null);
    if (move === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(count - 1, move)));
  };
  return (
    <div className="chart-plot" ref={frame}>
      <svg
        role="img"
        tabIndex={0}
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        aria-labelledby={`${id}-title ${id}-about`}
        onKeyDown={onKeys}
        onFocus={() => setAt((before) => before ?? count - 1)}
        onBlur={() => setAt(null)}
        onPointerMove={(event) => {
          const left = event.currentTarget.getBoundingClientRect().left;
          const index = Math.floor((event.clientX - left - LEFT) / slot);
          setAt(index >= 0 && index < count ? index : null);
        }}
        onPointerLeave={() => setAt(null)}
      >
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-about`}>{`${description} ${t("runs.chart.keys")}`}</desc>
        {marks.map((mark) => (
          <g key={mark}>
            <line className="chart-grid" x1={LEFT} x2={width - RIGHT} y1={room.y(mark)} y2={room.y(mark)} />
            <text className="chart-label" x={LEFT - 6} y={room.y(mark) + 4} textAnchor="end">
              {axis(mark)}
            </text>
          </g>
        ))}
        {shownLabels(count, Math.floor(inner / LABEL_ROOM)).map((index) => (
          <text key={index} className="chart-label" x={room.x(index)} y={HEIGHT - 8} textAnchor="middle">
            {short[index]}
          </text>
        ))}
        {shown === null ? null : (
          <rect
            className="chart-cursor"
            x={LEFT + slot * shown}
            width={slot}
            y={TOP}
            height={HEIGHT - TOP - BOTTOM}
          />
        )}
        {draw(room)}
      </svg>
      <div
        className="chart-tip"
        role="status"
        hidden={shown === null}
        style={
          shown === null ? {} : { left: Math.min(Math.max(0, room.x(shown) - 90), Math.max(0, width - 190)) }
        }
      >
        {shown === null ? null : (
          <>
            <strong>{labels[shown]}</strong>
            {series.map((one, index) => (
              <span key={one.id}>
                {one.label}: {values(shown)[index]}
              </span>
            ))}
          </>
        )}
      </div>
    </div>
  );
}
