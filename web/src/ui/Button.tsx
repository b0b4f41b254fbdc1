import type { ComponentProps, ReactNode } from "react";
import { Link } from "wouter";
import { Icon, type IconName } from "./icons";
import "./Button.css";

export type Look = "plain" | "primary" | "danger" | "bare";

export type ButtonProps = ComponentProps<"button"> & {
  readonly look?: Look;
  readonly icon?: IconName;
  /** What it is doing at this moment; it cannot be pressed then, and stays focusable. */
  readonly busy?: boolean;
};

/** A button. One that is disabled stays focusable, so that a screen reader can say why it is there. */
export function Button({
  look = "plain",
  icon,
  busy = false,
  disabled,
  type = "button",
  className,
  onClick,
  children,
  ...rest
}: ButtonProps) {
  const off = busy || disabled === true;
  return (
    <button
      {...rest}
      type={type}
      className={["button", `button-${look}`, className].filter(Boolean).join(" ")}
      aria-busy={busy || undefined}
      aria-disabled={off || undefined}
      onClick={off ? (event) => event.preventDefault() : onClick}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that is only a picture; `label` is its name and its tooltip. */
export function IconButton({
  icon,
  label,
  look = "bare",
  className,
  ...rest
}: Omit<ButtonProps, "children" | "icon"> & { readonly icon: IconName; readonly label: string }) {
  return (
    <Button
      {...rest}
      look={look}
      aria-label={label}
      title={label}
      className={["button-icon", className].filter(Boolean).join(" ")}
    >
      <Icon name={icon} />
    </Button>
  );
}

/** A link that looks like a button; `to` is an address within the studio. */
export function ButtonLink({
  to,
  look = "plain",
  icon,
  children,
}: {
  to: string;
  look?: Look;
  icon?: IconName;
  children: ReactNode;
}) {
  return (
    <Link href={to} className={`button button-${look}`}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </Link>
  );
}
