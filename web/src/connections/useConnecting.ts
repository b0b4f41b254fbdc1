import type { ConnectionDetail, ParamValue } from "@client";
import { useCallback, useRef, useState } from "react";
import { useApi } from "../api";
import type { Entered } from "./ConnectForm";

type Wanted = {
  readonly connectorId: string;
  readonly connectionId: string | undefined;
  readonly spaceId: string | undefined;
  readonly onDone: (connectionId: string) => void;
};

/** What was sent and not understood: an error of the server, with the names of the answers in their order. */
export type Refusal = { readonly error: unknown; readonly sent: readonly string[] };

/** Connecting with credentials that one has: they are kept, then tried out. */
export function useConnecting({ connectorId, connectionId, spaceId, onDone }: Wanted) {
  const api = useApi();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Refusal | null>(null);
  /** Why the other side did not take them. */
  const [unproven, setUnproven] = useState<string | null>(null);
  const made = useRef<string | null>(null);

  const connect = async (entered: Entered) => {
    const params = paramsOf(entered, connectionId !== undefined || made.current !== null);
    setBusy(true);
    setError(null);
    setUnproven(null);
    try {
      const target = connectionId ?? made.current;
      let saved: ConnectionDetail;
      if (target === null) {
        const space = spaceId ? { spaceId } : {};
        saved = await api.workflows.createAutomationConnection({
          connectorId,
          name: entered.name,
          params,
          ...space,
        });
        made.current = saved.id;
      } else {
        saved = await api.workflows.updateAutomationConnection(target, {
          ...(connectionId === undefined && { name: entered.name }),
          params,
        });
      }
      const checked = await api.workflows.checkAutomationConnection(saved.id);
      if (checked.is_connected) {
        made.current = null;
        onDone(saved.id);
      } else {
        setUnproven(checked.detail || saved.error?.message || "");
      }
    } catch (failure) {
      setError({ error: failure, sent: params.map((param) => param.name ?? "") });
    } finally {
      setBusy(false);
    }
  };

  const keep = () => {
    const id = connectionId ?? made.current;
    made.current = null;
    if (id !== null) onDone(id);
  };

  /** Whoever turns away does not leave a connection behind that never worked. */
  const leave = useCallback(() => {
    const id = made.current;
    made.current = null;
    if (id !== null) api.workflows.deleteAutomationConnection(id).catch(() => undefined);
  }, [api]);

  return { busy, error, unproven, connect, keep, leave };
}

function paramsOf(entered: Entered, again: boolean): ParamValue[] {
  const params = Object.entries(entered.answers).map(([name, value]) => ({ name, value }));
  // A connector with one way to sign in does not ask for it.
  if (entered.choice !== null && entered.several)
    params.unshift({ name: "auth_method", value: entered.choice.id });
  if (entered.server !== "" || again) params.push({ name: "server", value: entered.server });
  return params;
}
