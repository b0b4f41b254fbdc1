import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";
import { useLocale } from "../i18n";
import { Icon } from "./icons";
import "./Page.css";

type Props = {
  readonly title: string;
  /** Where one came from. */
  readonly back?: { readonly to: string; readonly label: string } | undefined;
  readonly actions?: ReactNode;
  /** Below the title: a state, a description. */
  readonly about?: ReactNode;
  readonly children: ReactNode;
  /** Without a bound of width, for what fills the window. */
  readonly full?: boolean;
};

/** A page: its one first-level heading, its name in the browser, what can be done on it. */
export function Page({ title, back, actions, about, children, full = false }: Props) {
  const { t } = useLocale();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  return (
    <div className={full ? "page page-full" : "page"}>
      {back === undefined ? null : (
        <Link href={back.to} className="page-back">
          <Icon name="back" /> {back.label}
        </Link>
      )}
      <header className="page-head">
        <div className="page-title">
          <h1 tabIndex={-1}>
            <bdi>{title}</bdi>
          </h1>
          {about}
        </div>
        {actions === undefined ? null : <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
