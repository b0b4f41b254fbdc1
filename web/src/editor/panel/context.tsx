import { createContext, type ReactNode, use } from "react";
import type { Block } from "../document";
import type { Editor, Issue } from "../store";
import type { Described } from "./queries";

export type PanelContext = {
  readonly editor: Editor;
  readonly block: Block;
  readonly described: Described;
  readonly issues: readonly Issue[];
  /** Saves what is edited before it is tried; false where that was refused. */
  readonly save: (() => Promise<boolean>) | undefined;
};

const Context = createContext<PanelContext | null>(null);

export function PanelProvider({
  value,
  children,
}: {
  readonly value: PanelContext;
  readonly children: ReactNode;
}) {
  return <Context value={value}>{children}</Context>;
}

export function usePanel(): PanelContext {
  const found = use(Context);
  if (found === null) throw new Error("usePanel needs a PanelProvider above it");
  return found;
}
