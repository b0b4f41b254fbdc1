import { createContext, type ReactNode, use, useCallback, useMemo, useRef, useState } from "react";
import { useLocale } from "../i18n";
import { IconButton } from "./Button";
import { Icon } from "./icons";
import { told } from "./Problem";
import "./Toast.css";

type Toast = { readonly id: number; readonly text: string; readonly bad: boolean };
type Toasts = { readonly say: (text: string) => void; readonly fail: (error: unknown) => void };
const Context = createContext<Toasts | null>(null);
const SHOWN_FOR = 6000;

/** Short messages at the edge of the page. A failure stays until it is dismissed. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const last = useRef(0);
  const { t } = useLocale();
  const drop = useCallback(
    (id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)),
    [],
  );
  const add = useCallback(
    (text: string, bad: boolean) => {
      last.current += 1;
      const id = last.current;
      setToasts((shown) => [...shown.filter((toast) => toast.text !== text).slice(-3), { id, text, bad }]);
      if (!bad) setTimeout(() => drop(id), SHOWN_FOR);
    },
    [drop],
  );
  const value = useMemo<Toasts>(
    () => ({ say: (text) => add(text, false), fail: (error) => add(told(error, t).join(" "), true) }),
    [add, t],
  );
  return (
    <Context value={value}>
      {children}
      <div className="toasts" aria-live="polite" role="status">
        {toasts.map((toast) => (
          <div key={toast.id} className={toast.bad ? "toast toast-bad" : "toast"}>
            <Icon name={toast.bad ? "error" : "check"} />
            <span>{toast.text}</span>
            <IconButton icon="close" label={t("action.dismiss")} onClick={() => drop(toast.id)} />
          </div>
        ))}
      </div>
    </Context>
  );
}

export function useToast(): Toasts {
  const toasts = use(Context);
  if (toasts === null) throw new Error("useToast needs a ToastProvider above it");
  return toasts;
}
