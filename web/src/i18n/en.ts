// Every text of the studio. A function where something is counted or named, so that other languages can order their words.
export const en = {
  "app.name": "Tieline",
  "nav.automations": "Automations",
  "nav.runs": "Runs",
  "nav.connections": "Connections",
  "nav.connectors": "Connectors",
  "nav.templates": "Templates",
  "nav.admin": "Administration",
  "nav.main": "Main",
  "nav.skip": "Skip to the content",
  "action.save": "Save",
  "action.cancel": "Cancel",
  "action.close": "Close",
  "action.delete": "Delete",
  "action.retry": "Try again",
  "action.undo": "Undo",
  "action.redo": "Redo",
  "state.loading": "Loading…",
  "state.empty": "There is nothing here yet.",
  "state.failed": "This did not work.",
  "state.trace": (id: string) => `Trace id ${id}`,
  "theme.light": "Light",
  "theme.dark": "Dark",
  "theme.system": "As the system",
  "count.blocks": (n: number) => (n === 1 ? "1 block" : `${n} blocks`),
} as const;

type Widened<T> = T extends string ? string : T;
export type Messages = { readonly [K in keyof typeof en]: Widened<(typeof en)[K]> };
export type Key = keyof Messages;
