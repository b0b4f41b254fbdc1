import { createContext, use } from "react";
import type { LiveStore } from "../runs/live";
import type { Catalog } from "./catalog";
import type { Editor, Spot } from "./store";

/** What the parts of the editor page share. */
export type Editing = {
  readonly editor: Editor;
  readonly catalog: Catalog;
  readonly live: LiveStore;
  /** Opens the picker for this place. */
  readonly pick: (spot: Spot) => void;
  /** Shows the panel of the current block, and goes there unless it is only to be shown. */
  readonly openPanel: (how?: "enter" | "show") => void;
  readonly test: (what?: { readonly until?: string; readonly only?: string }) => void;
  /** Told to screen readers. */
  readonly say: (text: string) => void;
};

export const EditingContext = createContext<Editing | null>(null);

export function useEditing(): Editing {
  const editing = use(EditingContext);
  if (editing === null) throw new Error("useEditing needs an editor page above it");
  return editing;
}
