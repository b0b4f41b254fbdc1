import { useEffect, useRef } from "react";
import { useSearchParams } from "wouter";
import type { Editor } from "./store";

const SETTLED = 400;

type Props = { readonly editor: Editor; readonly onRun: (id: string) => void };

/**
 * The current block stands in the address, so that it can be sent to somebody; the address is not a step of the
 * history. Whoever comes from a run keeps it before his eyes while he mends the block. A component of its own, so that
 * nothing else is drawn anew for it.
 */
export function Address({ editor, onRun }: Props) {
  const [search, setSearch] = useSearchParams();
  const now = useRef({ search, setSearch });
  now.current = { search, setSearch };
  useEffect(() => {
    const { search: first } = now.current;
    const block = first.get("block");
    const run = first.get("run");
    if (block !== null && editor.block(block) !== undefined) editor.reveal(block);
    if (run !== null) onRun(run);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let told = editor.getSnapshot().current;
    const stop = editor.subscribe(() => {
      const { current } = editor.getSnapshot();
      if (current === told) return;
      told = current;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const next = new URLSearchParams(now.current.search);
        if (current === null) next.delete("block");
        else next.set("block", current);
        now.current.setSearch(next, { replace: true });
      }, SETTLED);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [editor, onRun]);
  return null;
}
