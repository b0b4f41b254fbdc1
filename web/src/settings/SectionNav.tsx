import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import "./settings.css";

export type Section = { readonly to: string; readonly label: string };

type Props = {
  readonly label: string;
  readonly sections: readonly Section[];
  readonly children: ReactNode;
};

/** Pages that belong together, with the list of them beside (above, where it is narrow). */
export function SectionFrame({ label, sections, children }: Props) {
  const [where] = useLocation();
  const here = [...sections]
    .sort((one, other) => other.to.length - one.to.length)
    .find(({ to }) => where === to || (to === "/" ? where === "" : where.startsWith(`${to}/`)));
  const current = useRef<HTMLAnchorElement>(null);
  const chosen = here?.to;
  // Above the page the list is one line that scrolls.
  useEffect(() => {
    if (chosen !== undefined) current.current?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  return (
    <div className="settings-frame">
      <nav className="settings-nav" aria-label={label}>
        <ul>
          {sections.map((section) => (
            <li key={section.to}>
              <Link
                href={section.to}
                ref={section === here ? current : null}
                aria-current={section === here ? "page" : undefined}
              >
                {section.label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div>{children}</div>
    </div>
  );
}
