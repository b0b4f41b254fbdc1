import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { en, type Key, type Messages } from "./en";
import { nl } from "./nl";

export const languages = { en, nl } as const;
export type Language = keyof typeof languages;

type Arguments<K extends Key> = Messages[K] extends (...given: infer A) => string ? A : [];
export type Translate = <K extends Key>(key: K, ...given: Arguments<K>) => string;

type Locale = {
  readonly language: Language;
  readonly speak: (language: Language) => void;
  readonly t: Translate;
  /** A moment of the API (RFC 3339) as people write it here. */
  readonly moment: (text: string) => string;
  readonly number: (value: number) => string;
};

const Context = createContext<Locale | null>(null);
const KEPT_AS = "tieline.language";

export function preferred(offered: readonly string[], kept: string | null): Language {
  const wanted = [...(kept === null ? [] : [kept]), ...offered].map((tag) => tag.toLowerCase().split("-")[0]);
  return wanted.find((tag): tag is Language => tag !== undefined && tag in languages) ?? "en";
}

export function LocaleProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() => preferred(navigator.languages, localStorage.getItem(KEPT_AS)));
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speak = useCallback((chosen: Language) => {
    localStorage.setItem(KEPT_AS, chosen);
    setLanguage(chosen);
  }, []);
  const locale = useMemo<Locale>(() => {
    const messages: Messages = languages[language];
    const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
    const numbers = new Intl.NumberFormat(language);
    return {
      language,
      speak,
      t: (key, ...given) => {
        const message = messages[key] as string | ((...given: unknown[]) => string);
        return typeof message === "string" ? message : message(...given);
      },
      moment: (text) => dates.format(new Date(text)),
      number: (value) => numbers.format(value),
    };
  }, [language, speak]);
  return <Context value={locale}>{children}</Context>;
}

export function useLocale(): Locale {
  const locale = use(Context);
  if (locale === null) throw new Error("useLocale needs a LocaleProvider above it");
  return locale;
}
