import type { Key } from "../i18n";
import { useLocale } from "../i18n";
import { type Word, wordOf } from "./facts";
import "./facts.css";

const WORDS: Readonly<Record<Word, Key>> = {
  certain: "connectors.word.certain",
  likely: "connectors.word.likely",
  unsure: "connectors.word.unsure",
  guessed: "connectors.word.guessed",
};

type Props = {
  readonly fact: { readonly confidence: number; readonly setBy: string };
  readonly threshold: number;
};

/** How sure it is: a word, and a bar for who looks over many of them. */
export function Confidence({ fact, threshold }: Props) {
  const { t, number } = useLocale();
  const word = wordOf(fact, threshold);
  const percent = fact.setBy === "human" ? 100 : Math.round(fact.confidence * 100);
  return (
    <span className={`connectors-sure connectors-sure-${word}`} title={`${number(percent)} %`}>
      <span className="connectors-bar" aria-hidden="true">
        <span style={{ width: `${percent}%` }} />
      </span>
      {t(WORDS[word])}
    </span>
  );
}
