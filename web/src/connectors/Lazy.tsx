import { type ReactNode, useState } from "react";

type Props = { readonly title: ReactNode; readonly children: () => ReactNode; readonly className?: string };

/** Something to open whose content is only in the page once it was opened. */
export function Lazy({ title, children, className }: Props) {
  const [opened, setOpened] = useState(false);
  return (
    <details
      className={["connectors-lazy", className].filter(Boolean).join(" ")}
      onToggle={(event) => {
        if (event.currentTarget.open) setOpened(true);
      }}
    >
      <summary>{title}</summary>
      {opened ? children() : null}
    </details>
  );
}
