import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from "react";
import { useLocale } from "../i18n";
import { IconButton } from "./Button";
import { Icon } from "./icons";
import "./fields.css";

/** What a control inside of a `Field` has to carry. */
export type Wired = {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
  readonly required: boolean | undefined;
};

type FieldProps = {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly error?: ReactNode;
  readonly required?: boolean;
  /** Beside the label: a switch to a formula, say. */
  readonly aside?: ReactNode;
  readonly children: (wired: Wired) => ReactNode;
};

/** A labelled control with its hint and its error. */
export function Field({ label, hint, error, required = false, aside, children }: FieldProps) {
  const id = useId();
  const { t } = useLocale();
  const told = [hint == null ? null : `${id}-hint`, error == null ? null : `${id}-error`]
    .filter(Boolean)
    .join(" ");
  return (
    <div className="field">
      <div className="field-head">
        <label htmlFor={id}>
          {label}
          {required ? <span className="field-required">{` (${t("state.required")})`}</span> : null}
        </label>
        {aside}
      </div>
      {children({
        id,
        "aria-describedby": told === "" ? undefined : told,
        "aria-invalid": error == null ? undefined : true,
        required: required || undefined,
      })}
      {hint == null ? null : (
        <div className="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {error == null ? null : (
        <div className="field-error" id={`${id}-error`} role="alert">
          <Icon name="error" /> {error}
        </div>
      )}
    </div>
  );
}

/** Several controls under one name (radio buttons, check boxes). */
export function FieldGroup({
  legend,
  hint,
  children,
}: {
  legend: ReactNode;
  hint?: ReactNode;
  children: ReactNode;
}) {
  return (
    <fieldset className="field-group">
      <legend>{legend}</legend>
      {hint == null ? null : <div className="field-hint">{hint}</div>}
      {children}
    </fieldset>
  );
}

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> & {
  readonly value: string;
  readonly onChange: (value: string) => void;
};

export function TextInput({ value, onChange, className, type = "text", ...rest }: InputProps) {
  return (
    <input
      {...rest}
      type={type}
      className={["control", className].filter(Boolean).join(" ")}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

/** Text that nobody beside should read; it can be shown. */
export function SecretInput(props: Omit<InputProps, "type">) {
  const [shown, setShown] = useState(false);
  const { t } = useLocale();
  return (
    <div className="control-row">
      <TextInput spellCheck={false} autoComplete="off" {...props} type={shown ? "text" : "password"} />
      <IconButton
        icon="eye"
        look="plain"
        label={t(shown ? "action.hide" : "action.reveal")}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
      />
    </div>
  );
}

/** A number, as text: what is being typed is nobody else's business until it is one. */
export function NumberInput({
  value,
  onChange,
  ...rest
}: Omit<InputProps, "value" | "onChange"> & {
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextInput
      {...rest}
      inputMode="decimal"
      value={typed ?? (value === null ? "" : String(value))}
      onChange={(text) => {
        setTyped(text);
        const found = text.trim() === "" ? null : Number(text.trim());
        if (found === null || Number.isFinite(found)) onChange(found);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

type AreaProps = Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange" | "value"> & {
  readonly value: string;
  readonly onChange: (value: string) => void;
};

export function TextArea({ value, onChange, className, rows = 4, ...rest }: AreaProps) {
  return (
    <textarea
      {...rest}
      rows={rows}
      className={["control", className].filter(Boolean).join(" ")}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

type TickProps = {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly hint?: ReactNode;
  readonly disabled?: boolean;
};

export function Checkbox({ label, checked, onChange, hint, disabled = false }: TickProps) {
  const id = useId();
  return (
    <div className="tick">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={hint == null ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint == null ? null : (
          <div className="field-hint" id={`${id}-hint`}>
            {hint}
          </div>
        )}
      </div>
    </div>
  );
}

/** On or off, at once; a check box is for what is sent later. */
export function Switch({
  label,
  checked,
  onChange,
  disabled = false,
  bare = false,
}: TickProps & { readonly bare?: boolean }) {
  return (
    <label className="switch">
      <input
        type="checkbox"
        role="switch"
        checked={checked}
        aria-checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className={bare ? "visually-hidden" : undefined}>{label}</span>
    </label>
  );
}

export type Option = { readonly value: string; readonly label: string; readonly disabled?: boolean };

type SelectProps = Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange" | "value"> & {
  readonly options: readonly Option[];
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What stands there while nothing is chosen. */
  readonly empty?: string;
};

export function Select({ options, value, onChange, empty, className, ...rest }: SelectProps) {
  const known = options.some((option) => option.value === value);
  return (
    <select
      {...rest}
      className={["control", className].filter(Boolean).join(" ")}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {empty === undefined ? null : <option value="">{empty}</option>}
      {/* What a document says is shown, and kept, even where it is not one of the choices. */}
      {known || value === "" ? null : <option value={value}>{value}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value} disabled={option.disabled}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

export function Search({
  value,
  onChange,
  label,
  ...rest
}: Omit<InputProps, "type"> & { readonly label: string }) {
  return (
    <div className="search">
      <Icon name="search" />
      <TextInput
        {...rest}
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={onChange}
      />
    </div>
  );
}
