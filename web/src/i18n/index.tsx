import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { en, type Key } from "./en";
import type { Texts } from "./texts";

export const languages = { en: "English", nl: "Nederlands" } as const;
export type Language = keyof typeof languages;

export type Messages = Texts<typeof en>;
const LOADED: Partial<Record<Language, Messages>> & { en: Messages } = { en };

/** English comes with the page; other languages are fetched when somebody wants them. */
export async function load(language: Language): Promise<void> {
  if (language === "nl") LOADED.nl ??= (await import("./nl")).nl;
}

type Arguments<K extends Key> = Messages[K] extends (...given: infer A) => string ? A : [];
export type Translate = <K extends Key>(key: K, ...given: Arguments<K>) => string;
export type { Key };

type Locale = {
  readonly language: Language;
  readonly speak: (language: Language) => void;
  readonly t: Translate;
  /** A moment of the API (RFC 3339) as people write it here. */
  readonly moment: (text: string) => string;
  /** The same, as the distance to now: "3 minutes ago". */
  readonly ago: (text: string, now?: number) => string;
  readonly number: (value: number) => string;
  /** Milliseconds as people say them: "320 ms", "4.2 s", "3 min 5 s". */
  readonly duration: (milliseconds: number) => string;
};

const Context = createContext<Locale | null>(null);
const KEPT_AS = "tieline.language";
const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

export function preferred(offered: readonly string[], kept: string | null): Language {
  const wanted = [...(kept === null ? [] : [kept]), ...offered].map((tag) => tag.toLowerCase().split("-")[0]);
  return wanted.find((tag): tag is Language => tag !== undefined && tag in languages) ?? "en";
}

/** A text of one language, for what is outside of React (the loader of frames, tests). */
export function translator(language: Language): Translate {
  return (key, ...given) => {
    const message = (LOADED[language] ?? LOADED.en)[key] as string | ((...given: unknown[]) => string);
    return typeof message === "string" ? message : message(...given);
  };
}

/** `fixed`: the language that a host page asks for; nothing is kept in the browser then. */
export function LocaleProvider({ children, fixed }: { children: ReactNode; fixed?: Language | undefined }) {
  const [language, setLanguage] = useState<Language>("en");
  const show = useCallback((wanted: Language) => {
    void load(wanted).then(() => setLanguage(wanted));
  }, []);
  useEffect(() => {
    show(fixed ?? preferred(navigator.languages, localStorage.getItem(KEPT_AS)));
  }, [fixed, show]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speak = useCallback(
    (wanted: Language) => {
      if (fixed === undefined) localStorage.setItem(KEPT_AS, wanted);
      show(wanted);
    },
    [fixed, show],
  );
  const locale = useMemo<Locale>(() => {
    const t = translator(language);
    const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
    const numbers = new Intl.NumberFormat(language);
    const distances = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    return {
      language,
      speak,
      t,
      moment: (text) => written(text, (date) => dates.format(date)),
      ago: (text, now = Date.now()) =>
        written(text, (date) => {
          const seconds = (date.getTime() - now) / 1000;
          const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
          return step === undefined
            ? t("time.now")
            : distances.format(Math.round(seconds / step[1]), step[0]);
        }),
      number: (value) => numbers.format(value),
      duration: (milliseconds) => {
        if (milliseconds < 1000) return `${numbers.format(Math.round(milliseconds))} ms`;
        if (milliseconds < 60_000) return `${tenths.format(milliseconds / 1000)} s`;
        const minutes = Math.floor(milliseconds / 60_000);
        if (minutes < 60) return `${minutes} min ${Math.floor((milliseconds % 60_000) / 1000)} s`;
        return `${numbers.format(Math.floor(minutes / 60))} h ${minutes % 60} min`;
      },
    };
  }, [language, speak]);
  return <Context value={locale}>{children}</Context>;
}

function written(text: string, write: (date: Date) => string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : write(date);
}

export function useLocale(): Locale {
  const locale = use(Context);
  if (locale === null) throw new Error("useLocale needs a LocaleProvider above it");
  return locale;
}
