import { type FormEvent, type ReactNode, useId } from "react";
import { useLocale } from "../i18n";
import { Button, Dialog, Problem } from "../ui";

type Props = {
  readonly title: string;
  readonly action: string;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly busy: boolean;
  /** What no field of the form shows. */
  readonly error?: unknown;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly wide?: boolean;
  readonly children: ReactNode;
};

/** A form in a window: Enter sends it, Escape leaves it, what went wrong stands above its fields. */
export function FormDialog(props: Props) {
  const {
    title,
    action,
    onSubmit,
    onClose,
    busy,
    error,
    danger = false,
    disabled = false,
    wide = false,
    children,
  } = props;
  const { t } = useLocale();
  const form = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy && !disabled) onSubmit();
  };
  return (
    <Dialog
      title={title}
      wide={wide}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            type="submit"
            form={form}
            look={danger ? "danger" : "primary"}
            busy={busy}
            disabled={disabled}
          >
            {action}
          </Button>
        </>
      }
    >
      <form id={form} className="settings-form" onSubmit={submit}>
        {error ? <Problem error={error} /> : null}
        {children}
      </form>
    </Dialog>
  );
}
