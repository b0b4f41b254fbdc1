import { useLocale } from "../i18n";
import { Button, CopyButton, Dialog } from "../ui";

type Props = {
  readonly title: string;
  readonly secrets: readonly { readonly label: string; readonly value: string }[];
  readonly text?: string;
  readonly onClose: () => void;
};

/** What is shown this once: it lives in the state of who opened this, and is gone when it closes. */
export function SecretOnce({ title, secrets, text, onClose }: Props) {
  const { t } = useLocale();
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <Button look="primary" onClick={onClose}>
          {t("settings.secretKept")}
        </Button>
      }
    >
      <p>{text ?? t("settings.secretOnce")}</p>
      {secrets.map(({ label, value }) => (
        <div key={label} className="settings-section">
          <h3>{label}</h3>
          <div className="settings-secret">
            <output aria-label={label}>{value}</output>
            <CopyButton text={value} />
          </div>
        </div>
      ))}
    </Dialog>
  );
}
