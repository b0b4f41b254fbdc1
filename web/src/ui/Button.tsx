import type { ButtonHTMLAttributes } from "react";
import "./Button.css";

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  readonly look?: "plain" | "main" | "danger" | "bare";
  /** What it is doing at this moment; it cannot be pressed then, and stays focusable. */
  readonly busy?: boolean;
};

export function Button({ look = "plain", busy = false, type = "button", className, onClick, ...rest }: Props) {
  return (
    <button
      {...rest}
      // biome-ignore lint/a11y/useButtonType: it is set, to button where nothing else is said
      type={type}
      className={["button", `button-${look}`, className].filter(Boolean).join(" ")}
      aria-busy={busy || undefined}
      aria-disabled={busy || rest.disabled || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    />
  );
}
