// Drawn by us on a 16 by 16 grid; each is a list of paths with round strokes. Add yours in alphabetical order.
const PATHS = {
  alert: "M8 2 14.5 13.5 1.5 13.5Z M8 6.5V9.5 M8 11.6V11.7",
  archive: "M2 3H14V6H2Z M3 6V13H13V6 M6.5 9H9.5",
  arrowDown: "M8 3V13 M4 9 8 13 12 9",
  arrowUp: "M8 13V3 M4 7 8 3 12 7",
  back: "M13 8H3 M7 4 3 8 7 12",
  bell: "M4 11V7A4 4 0 0 1 12 7V11L13 12.5H3Z M6.8 14.2H9.2",
  block: "M3 3H13V13H3Z",
  branch: "M4 3V13 M4 8H8A4 4 0 0 0 12 4V3 M10 5 12 3 14 5",
  chart: "M2.5 13.5H13.5 M4.5 11V7 M8 11V3 M11.5 11V5",
  check: "M3 8.5 6.5 12 13 4.5",
  chevronDown: "M4 6 8 10 12 6",
  chevronRight: "M6 4 10 8 6 12",
  clock: "M8 2A6 6 0 1 0 8 14 6 6 0 1 0 8 2 M8 5V8L10 9.5",
  close: "M4 4 12 12 M12 4 4 12",
  code: "M5.5 4 2 8 5.5 12 M10.5 4 14 8 10.5 12",
  collapse: "M4 3 8 6 12 3 M4 13 8 10 12 13",
  comment: "M2.5 3H13.5V10.5H7L4 13.5V10.5H2.5Z",
  copy: "M5.5 5.5H13V13H5.5Z M10.5 5.5V3H3V10.5H5.5",
  cut: "M4.5 10.2A1.8 1.8 0 1 0 4.5 13.8 1.8 1.8 0 1 0 4.5 10.2 M11.5 10.2A1.8 1.8 0 1 0 11.5 13.8 1.8 1.8 0 1 0 11.5 10.2 M5.5 10.5 11 2.5 M10.5 10.5 5 2.5",
  disable: "M8 2A6 6 0 1 0 8 14 6 6 0 1 0 8 2 M3.8 3.8 12.2 12.2",
  download: "M8 2V10 M4.5 7 8 10.5 11.5 7 M2.5 13.5H13.5",
  drag: "M6 3.5V3.6 M10 3.5V3.6 M6 8V8.1 M10 8V8.1 M6 12.5V12.6 M10 12.5V12.6",
  edit: "M3 13 3.6 10.2 10.8 3 13 5.2 5.8 12.4Z M9.2 4.6 11.4 6.8",
  error: "M8 2A6 6 0 1 0 8 14 6 6 0 1 0 8 2 M8 5V8.5 M8 10.8V10.9",
  expand: "M4 6 8 3 12 6 M4 10 8 13 12 10",
  eye: "M1.5 8C4 3.8 12 3.8 14.5 8 12 12.2 4 12.2 1.5 8Z M8 6A2 2 0 1 0 8 10 2 2 0 1 0 8 6",
  file: "M4 2H9.5L12.5 5V14H4Z M9.5 2V5H12.5",
  filter: "M2.5 3.5H13.5L9.5 8.5V13L6.5 11.5V8.5Z",
  globe: "M8 2A6 6 0 1 0 8 14 6 6 0 1 0 8 2 M2 8H14 M8 2C5 5 5 11 8 14 11 11 11 5 8 2",
  history: "M3 5.5A6 6 0 1 1 2 8 M3 2.5V5.5H6 M8 5V8L10 9.5",
  home: "M2.5 8 8 3 13.5 8 M4 7V13H12V7",
  info: "M8 2A6 6 0 1 0 8 14 6 6 0 1 0 8 2 M8 7.5V11 M8 5V5.1",
  key: "M10.5 2.5A3 3 0 1 0 10.5 8.5 3 3 0 1 0 10.5 2.5 M8.3 7.6 3 13 M4.5 11.5 6 13",
  link: "M6.5 9.5 9.5 6.5 M7 5 9 3A2.8 2.8 0 0 1 13 7L11 9 M9 11 7 13A2.8 2.8 0 0 1 3 9L5 7",
  list: "M5.5 4H13.5 M5.5 8H13.5 M5.5 12H13.5 M2.5 4V4.1 M2.5 8V8.1 M2.5 12V12.1",
  lock: "M3.5 7H12.5V13.5H3.5Z M5.5 7V5A2.5 2.5 0 0 1 10.5 5V7",
  loop: "M3 6.5A5 5 0 0 1 12 5.5 M13 9.5A5 5 0 0 1 4 10.5 M12.5 2.5V5.5H9.5 M3.5 13.5V10.5H6.5",
  mail: "M2 3.5H14V12.5H2Z M2 4.5 8 9 14 4.5",
  menu: "M2.5 4H13.5 M2.5 8H13.5 M2.5 12H13.5",
  more: "M3.5 8V8.1 M8 8V8.1 M12.5 8V8.1",
  moon: "M13 9.5A5.8 5.8 0 1 1 6.5 3 4.6 4.6 0 0 0 13 9.5Z",
  open: "M9 2.5H13.5V7 M13.5 2.5 7.5 8.5 M6.5 3.5H3V13H12.5V9.5",
  paste: "M4 3.5H12V13.5H4Z M6 2.5H10V4.5H6Z",
  pause: "M5.5 3.5V12.5 M10.5 3.5V12.5",
  people:
    "M6 3A2.3 2.3 0 1 0 6 7.6 2.3 2.3 0 1 0 6 3 M1.8 13C1.8 8.8 10.2 8.8 10.2 13 M10.5 3.6A2 2 0 0 1 10.5 7.4 M11.5 9.3C13.3 9.8 14.2 11 14.2 13",
  pin: "M5.5 2.5H10.5L9.8 7 12 9.5H4L6.2 7Z M8 9.5V14",
  play: "M4.5 3 12.5 8 4.5 13Z",
  plug: "M5.5 2V5 M10.5 2V5 M3.5 5H12.5V8A4.5 4.5 0 0 1 3.5 8Z M8 12.5V14.5",
  plus: "M8 3V13 M3 8H13",
  redo: "M13 6H6A3.5 3.5 0 0 0 6 13H10 M10 3 13 6 10 9",
  refresh: "M13 8A5 5 0 1 1 11.5 4.5 M13.5 2.5V5.5H10.5",
  rocket: "M6 10C6 5 9 2.5 13.5 2.5 13.5 7 11 10 6 10Z M6 10 4.5 8.5 2.5 9 5 6 M6 10 7.5 11.5 7 13.5 10 11",
  save: "M3 3H11L13 5V13H3Z M5.5 3V6H10V3 M5 13V9H11V13",
  search: "M7 2.5A4.5 4.5 0 1 0 7 11.5 4.5 4.5 0 1 0 7 2.5 M10.3 10.3 13.5 13.5",
  settings:
    "M2.5 5H8 M11.5 5H13.5 M2.5 11H4.5 M8 11H13.5 M9.8 3.3A1.7 1.7 0 1 0 9.8 6.7 1.7 1.7 0 1 0 9.8 3.3 M6.2 9.3A1.7 1.7 0 1 0 6.2 12.7 1.7 1.7 0 1 0 6.2 9.3",
  skip: "M3.5 3.5 9.5 8 3.5 12.5Z M12 3.5V12.5",
  stop: "M4 4H12V12H4Z",
  sun: "M8 5A3 3 0 1 0 8 11 3 3 0 1 0 8 5 M8 1.5V2.5 M8 13.5V14.5 M1.5 8H2.5 M13.5 8H14.5 M3.4 3.4 4.1 4.1 M11.9 11.9 12.6 12.6 M3.4 12.6 4.1 11.9 M11.9 4.1 12.6 3.4",
  table: "M2.5 3H13.5V13H2.5Z M2.5 6.5H13.5 M6.5 6.5V13",
  template: "M2.5 2.5H7V7H2.5Z M9 2.5H13.5V7H9Z M2.5 9H7V13.5H2.5Z M11.2 9V13.5 M9 11.2H13.5",
  text: "M3 4.5V3H13V4.5 M8 3V13 M6 13H10",
  trash: "M3 4.5H13 M6 4.5V2.5H10V4.5 M4.5 4.5 5 13.5H11L11.5 4.5 M6.7 7V11 M9.3 7V11",
  undo: "M3 6H10A3.5 3.5 0 0 1 10 13H6 M6 3 3 6 6 9",
  upload: "M8 10.5V2.5 M4.5 6 8 2.5 11.5 6 M2.5 13.5H13.5",
  user: "M8 2.5A2.7 2.7 0 1 0 8 7.9 2.7 2.7 0 1 0 8 2.5 M2.8 13.5C2.8 8.6 13.2 8.6 13.2 13.5",
  variable:
    "M5 3C2.5 3 4 8 2 8 4 8 2.5 13 5 13 M11 3C13.5 3 12 8 14 8 12 8 13.5 13 11 13 M6.3 6 9.7 10.2 M9.7 6 6.3 10.2",
  warning: "M8 2 14.5 13.5 1.5 13.5Z M8 6.5V9.5 M8 11.6V11.7",
  webhook:
    "M5.5 6.5A2.5 2.5 0 1 1 9.5 4.5L7.3 8.8 M10 8.5A2.5 2.5 0 1 1 9 12.5 M9 12.5H4.5A2.5 2.5 0 1 1 4 8.8",
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside a text that says the same; by itself it says nothing to a screen reader. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The icon of that name, for names that come from the server. */
export function iconNamed(name: string | null | undefined, otherwise: IconName = "block"): IconName {
  return name != null && Object.hasOwn(PATHS, name) ? (name as IconName) : otherwise;
}
