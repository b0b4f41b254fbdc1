import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { type Key, type Language, languages, useLocale } from "../i18n";
import { useSession } from "../session/Session";
import { choose, kept, type Theme } from "../theme/theme";
import { Button, Dialog, Field, Icon, IconButton, type IconName, Menu, Select } from "../ui";
import "./Shell.css";

type Place = { readonly to: string; readonly label: Key; readonly icon: IconName };

const PLACES: readonly Place[] = [
  { to: "/automations", label: "nav.automations", icon: "block" },
  { to: "/runs", label: "nav.runs", icon: "chart" },
  { to: "/connections", label: "nav.connections", icon: "plug" },
  { to: "/connectors", label: "nav.connectors", icon: "globe" },
  { to: "/templates", label: "nav.templates", icon: "template" },
  { to: "/integrations", label: "nav.integrations", icon: "link" },
];
const ADMIN: Place = { to: "/admin", label: "nav.admin", icon: "people" };
const SETTINGS: Place = { to: "/settings", label: "nav.settings", icon: "settings" };

/** What is around every page: where one can go, who one is, and the way past it for keyboards. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { t } = useLocale();
  const session = useSession();
  const [at] = useLocation();
  const [open, setOpen] = useState(false);
  const [looks, setLooks] = useState(false);
  const content = useRef<HTMLElement>(null);
  const first = useRef(true);
  const section = at.split("/")[1] ?? "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another section is another page to whoever cannot see it
  useEffect(() => {
    setOpen(false);
    if (first.current) first.current = false;
    else content.current?.focus();
  }, [section]);
  const before = useRef(at);
  useEffect(() => {
    // Within a section, too: what was focused goes with the page before. Tabs are one page, whatever their address,
    // and a page that has put the focus on its heading knows better.
    const focused = document.activeElement;
    const placed =
      focused?.role === "tab" || (focused?.matches("h1, h2, h3") && content.current?.contains(focused));
    if (before.current !== at && !placed) content.current?.focus();
    before.current = at;
  }, [at]);
  const places = [...PLACES, ...(session.partnerAdmin ? [ADMIN] : []), SETTINGS];
  return (
    <div className={open ? "shell shell-open" : "shell"}>
      <a className="shell-skip" href="#content">
        {t("nav.skip")}
      </a>
      <header className="shell-bar">
        <IconButton icon="menu" label={t("nav.open")} aria-expanded={open} onClick={() => setOpen(!open)} />
        <span className="shell-name">{t("app.name")}</span>
      </header>
      <nav className="shell-nav" aria-label={t("nav.main")}>
        <p className="shell-name">{t("app.name")}</p>
        <ul>
          {places.map((place) => (
            <li key={place.to}>
              <Link href={place.to} aria-current={`/${section}` === place.to ? "page" : undefined}>
                <Icon name={place.icon} /> {t(place.label)}
              </Link>
            </li>
          ))}
        </ul>
        <div className="shell-who">
          <Menu
            label={session.user.name}
            items={[
              {
                label: `${t("theme.label")}, ${t("language.label").toLowerCase()}`,
                icon: "sun",
                onSelect: () => setLooks(true),
              },
              { label: t("session.signOut"), icon: "back", onSelect: session.leave },
            ]}
          >
            <Icon name="user" /> <bdi>{session.user.name}</bdi>
          </Menu>
          <p className="muted">
            <bdi>{session.account.name}</bdi>
          </p>
        </div>
      </nav>
      <main id="content" className="shell-content" ref={content} tabIndex={-1}>
        {children}
      </main>
      {looks ? <Looks onClose={() => setLooks(false)} /> : null}
    </div>
  );
}

/** Appearance and language, at once and in this browser. */
function Looks({ onClose }: { readonly onClose: () => void }) {
  const { t, language, speak } = useLocale();
  const [theme, setTheme] = useState<Theme>(kept);
  return (
    <Dialog
      title={t("theme.label")}
      onClose={onClose}
      actions={<Button onClick={onClose}>{t("action.close")}</Button>}
    >
      <Field label={t("theme.label")}>
        {(wired) => (
          <Select
            {...wired}
            value={theme}
            onChange={(chosen) => {
              setTheme(chosen as Theme);
              choose(chosen as Theme);
            }}
            options={(["system", "light", "dark"] as const).map((one) => ({
              value: one,
              label: t(`theme.${one}`),
            }))}
          />
        )}
      </Field>
      <Field label={t("language.label")}>
        {(wired) => (
          <Select
            {...wired}
            value={language}
            onChange={(chosen) => speak(chosen as Language)}
            options={Object.entries(languages).map(([value, label]) => ({ value, label }))}
          />
        )}
      </Field>
    </Dialog>
  );
}
