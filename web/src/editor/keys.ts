import type { KeyboardEvent } from "react";

/** What the keys of the tree mean. */
export type Command =
  | "next"
  | "previous"
  | "first"
  | "last"
  | "pageDown"
  | "pageUp"
  | "inwards"
  | "outwards"
  | "edit"
  | "toggle"
  | "add"
  | "remove"
  | "disable"
  | "comment"
  | "openAll"
  | "search"
  | "help"
  | "menu"
  | "selectAll"
  | "duplicate"
  | "moveUp"
  | "moveDown"
  | "moveIn"
  | "moveOut";

const PLAIN: Readonly<Record<string, Command>> = {
  ArrowDown: "next",
  ArrowUp: "previous",
  ArrowRight: "inwards",
  ArrowLeft: "outwards",
  Home: "first",
  End: "last",
  PageDown: "pageDown",
  PageUp: "pageUp",
  Enter: "edit",
  " ": "toggle",
  Insert: "add",
  a: "add",
  "+": "add",
  Delete: "remove",
  Backspace: "remove",
  d: "disable",
  c: "comment",
  "*": "openAll",
  "/": "search",
  "?": "help",
  ContextMenu: "menu",
};
const ALT: Readonly<Record<string, Command>> = {
  ArrowUp: "moveUp",
  ArrowDown: "moveDown",
  ArrowRight: "moveIn",
  ArrowLeft: "moveOut",
};
const CONTROL: Readonly<Record<string, Command>> = { a: "selectAll", d: "duplicate", f: "search" };

type Pressed = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;

export function commandOf(event: Pressed): Command | undefined {
  if (event.altKey) return ALT[event.key];
  if (event.ctrlKey || event.metaKey) return CONTROL[event.key.toLowerCase()];
  if (event.shiftKey && event.key === "F10") return "menu";
  return PLAIN[event.key];
}
