import { createContext, type ReactNode, use, useCallback, useMemo, useState } from "react";
import type { Editor } from "../store";
import { type Library, NO_LIBRARY } from "./complete";
import type { Datum } from "./data";
import { type Samples, useLibrary, useSamples } from "./useSamples";

type Formulas = {
  readonly data: readonly Datum[];
  readonly library: Library;
  readonly around: Samples["around"];
  readonly readOnly: boolean;
  /** Samples are being fetched. */
  readonly pending: boolean;
  /** Somebody begins to write formulas: now samples are worth their requests. */
  readonly wake: () => void;
};

const NOTHING: Formulas = {
  data: [],
  library: NO_LIBRARY,
  around: () => ({}),
  readOnly: false,
  pending: false,
  wake: () => {},
};
const Context = createContext<Formulas>(NOTHING);

/** What formulas of one block can read and call, for all the fields inside. */
export function FormulaProvider({
  editor,
  blockId,
  children,
}: {
  readonly editor: Editor;
  readonly blockId: string;
  readonly children: ReactNode;
}) {
  const [wanted, setWanted] = useState(false);
  const wake = useCallback(() => setWanted(true), []);
  const { data, around, pending } = useSamples(editor, blockId, wanted);
  const library = useLibrary();
  const { readOnly } = editor;
  const value = useMemo(
    () => ({ data, library, around, readOnly, pending, wake }),
    [data, library, around, readOnly, pending, wake],
  );
  return <Context value={value}>{children}</Context>;
}

export function useFormulas(): Formulas {
  return use(Context);
}
