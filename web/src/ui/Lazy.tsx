import { type ReactNode, useState } from "react";
import "./Lazy.css";

type Props = {
  readonly title: ReactNode;
  readonly children: () => ReactNode;
  readonly className?: string;
  /** Open from the beginning. */
  readonly open?: boolean;
};

/** Something to open whose content is only in the page once it was opened. */
export function Lazy({ title, children, className, open = false }: Props) {
  const [opened, setOpened] = useState(open);
  return (
    <details
      className={["lazy", className].filter(Boolean).join(" ")}
      open={open}
      onToggle={(event) => {
        if (event.currentTarget.open) setOpened(true);
      }}
    >
      <summary>{title}</summary>
      {opened ? children() : null}
    </details>
  );
}
