import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useLocale } from "../i18n";
import { Button, IconButton } from "./Button";
import "./Dialog.css";

type Props = {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  /** Nothing in it takes the focus, so that its body does: keys scroll it. */
  readonly reading?: boolean;
};

/** A modal window on the native element: the browser keeps the focus in it, closes on Escape and gives the focus back. */
export function Dialog({ title, onClose, children, actions, wide = false, reading = false }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const { t } = useLocale();
  // Before anything else sees the page: one that is hidden while another page loads must not keep that from the focus.
  useLayoutEffect(() => {
    const shown = element.current;
    const before = document.activeElement;
    if (shown?.open === false) shown.showModal();
    // React's autoFocus comes before the dialog is open, and would be lost.
    shown?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      shown?.close();
      // The browser does this by itself only where the element is still in the page when it closes.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  // What was focused may be gone (a form, after it was sent): whoever uses the keyboard goes on at the heading.
  useEffect(() => {
    if (element.current?.open === true && document.activeElement === document.body)
      element.current.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
  });
  return (
    <dialog
      ref={element}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={heading}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={heading} tabIndex={-1}>
          {title}
        </h2>
        <IconButton icon="close" label={t("action.close")} onClick={onClose} />
      </header>
      <div className="dialog-body" tabIndex={reading ? 0 : undefined}>
        {children}
      </div>
      {actions === undefined ? null : <footer>{actions}</footer>}
    </dialog>
  );
}

type Question = {
  readonly title: string;
  readonly text: ReactNode;
  readonly action: string;
  readonly danger?: boolean;
};
type Ask = (question: Question) => Promise<boolean>;
const Context = createContext<Ask | null>(null);

/** Lets any component ask a person before something is done that cannot be undone. */
export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<(Question & { readonly answer: (yes: boolean) => void }) | null>(null);
  const ask = useCallback<Ask>(
    (question) => new Promise((resolve) => setAsked({ ...question, answer: resolve })),
    [],
  );
  const { t } = useLocale();
  const answered = (yes: boolean) => {
    asked?.answer(yes);
    setAsked(null);
  };
  const value = useMemo(() => ask, [ask]);
  return (
    <Context value={value}>
      {children}
      {asked === null ? null : (
        <Dialog
          title={asked.title}
          onClose={() => answered(false)}
          actions={
            <>
              <Button onClick={() => answered(false)}>{t("action.cancel")}</Button>
              <Button look={asked.danger === true ? "danger" : "primary"} onClick={() => answered(true)}>
                {asked.action}
              </Button>
            </>
          }
        >
          {typeof asked.text === "string" ? <p>{asked.text}</p> : asked.text}
        </Dialog>
      )}
    </Context>
  );
}

export function useConfirm(): Ask {
  const ask = use(Context);
  if (ask === null) throw new Error("useConfirm needs a ConfirmProvider above it");
  return ask;
}
