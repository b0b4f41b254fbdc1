import { useLocale } from "../i18n";
import { Badge, Field, TextInput } from "../ui";
import { type Check, isEnough, sixDigits } from "./branding";
import { colour, shown } from "./contrast";

type Props = {
  readonly label: string;
  readonly value: string;
  readonly check: Check | undefined;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
};

/** A colour, with how well it can be told from what it lies on. */
export function BrandColour({ label, value, check, error, onChange }: Props) {
  const { t, number } = useLocale();
  const ratio = check?.ratio ?? null;
  const said =
    ratio === null ? t("admin.noColour") : t("admin.ratio", number(shown(ratio)), number(check?.needed ?? 0));
  return (
    <Field
      label={label}
      error={error}
      hint={
        <span aria-live="polite">
          <Badge tone={check !== undefined && isEnough(check) ? "good" : "bad"}>
            {check !== undefined && isEnough(check) ? t("admin.enough") : t("admin.tooLow")}
          </Badge>{" "}
          {said}
        </span>
      }
    >
      {(wired) => (
        <div className="admin-colour">
          <input
            type="color"
            aria-label={t("admin.pickColour", label)}
            value={colour(value) === null ? "#000000" : sixDigits(value)}
            onChange={(event) => onChange(event.target.value)}
          />
          <TextInput {...wired} spellCheck={false} maxLength={7} value={value} onChange={onChange} />
        </div>
      )}
    </Field>
  );
}
