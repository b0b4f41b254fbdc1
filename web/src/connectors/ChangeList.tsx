import type { ConnectorDrift } from "@client";
import { useState } from "react";
import { Link } from "wouter";
import type { Key } from "../i18n";
import { useLocale } from "../i18n";
import { Badge, Button, type Tone } from "../ui";
import { asText } from "./facts";

const LEVELS: Readonly<Record<string, { readonly tone: Tone; readonly key: Key }>> = {
  breaking: { tone: "bad", key: "connectors.level.breaking" },
  additive: { tone: "info", key: "connectors.level.additive" },
  cosmetic: { tone: "neutral", key: "connectors.level.cosmetic" },
};
const FIRST = 20;

/** What a newer document would change, the gravest first, and whom that touches. */
export function ChangeList({ drift }: { readonly drift: ConnectorDrift }) {
  const { t } = useLocale();
  const [most, setMost] = useState(FIRST);
  const total = drift.breaking + drift.additive + drift.cosmetic;
  if (total === 0) return <p role="status">{t("connectors.noChanges")}</p>;
  return (
    <section>
      <h3>{t("connectors.changes")}</h3>
      <p role="status">{t("connectors.changeCounts", drift.breaking, drift.additive, drift.cosmetic)}</p>
      <ul className="connectors-changes">
        {drift.changes.slice(0, most).map((change, index) => {
          const level = LEVELS[String(change["level"])] ?? {
            tone: "neutral" as const,
            key: "connectors.level.cosmetic",
          };
          const before = asText(change["before"]);
          const after = asText(change["after"]);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list is what one answer held, and does not change
            <li key={index}>
              <Badge tone={level.tone}>{t(level.key)}</Badge> <bdi>{String(change["message"] ?? "")}</bdi>
              {before === "" && after === "" ? null : (
                <span className="connectors-was">
                  <code>{cut(before)}</code> → <code>{cut(after)}</code>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {drift.changes.length > most ? (
        <Button onClick={() => setMost(most + 100)}>{t("json.rest", drift.changes.length - most)}</Button>
      ) : null}
      {drift.automations.length === 0 ? null : (
        <>
          <h4>{t("connectors.touched", drift.automations.length)}</h4>
          <ul>
            {drift.automations.map((one) => (
              <li key={String(one["id"])}>
                <Link href={`~/studio/automations/${String(one["id"])}`}>
                  <bdi>{String(one["name"])}</bdi>
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text || "–";
}
