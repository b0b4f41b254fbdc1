import { useEffect } from "react";
import type { Editor } from "./store";

const SETTLED = 400;

/** The current block stands in the address, so that it can be sent to somebody; the address is not a step of the history. */
export function useUrlBlock(editor: Editor): void {
  useEffect(() => {
    const asked = new URLSearchParams(location.search).get("block");
    if (asked !== null && editor.block(asked) !== undefined) editor.reveal(asked);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let told = editor.getSnapshot().current;
    const stop = editor.subscribe(() => {
      const { current } = editor.getSnapshot();
      if (current === told) return;
      told = current;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const url = new URL(location.href);
        if (current === null) url.searchParams.delete("block");
        else url.searchParams.set("block", current);
        history.replaceState(history.state, "", url);
      }, SETTLED);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [editor]);
}
