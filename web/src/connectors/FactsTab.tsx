import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Loading, Problem, Search, Select, useToast } from "../ui";
import { PATIENT, useFacts } from "./api";
import { FactLine } from "./FactLine";
import { placeOf } from "./facts";
import type { Manifest } from "./manifest";

const PIECE = 50;

/** What was concluded about a connector, the least sure first; every value can be corrected. */
export function FactsTab({ id, manifest }: { readonly id: string; readonly manifest: Manifest }) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const [sought, setSought] = useState("");
  const [by, setBy] = useState("");
  const [most, setMost] = useState(PIECE);
  const query = useFacts(id);
  const correct = useMutation({
    mutationFn: (change: { readonly path: string; readonly value: unknown }) =>
      api.workflows.correctConnectorFacts(id, { facts: [change] }, PATIENT),
    onSuccess: (facts) => {
      cache.setQueryData(["connectors", id, "facts"], facts);
      toast.say(t("connectors.corrected"));
      void cache.invalidateQueries({ queryKey: ["connectors", id], exact: true });
      void cache.invalidateQueries({ queryKey: ["connectors", id, "manifest"] });
    },
    onError: toast.fail,
  });
  const names = useMemo(
    () =>
      new Map<string, string>([
        ...(manifest.blocks ?? []).map((one) => [`blocks/${one.id}`, one.name || one.id] as const),
        ...(manifest.objects ?? []).map((one) => [`objects/${one.name}`, one.label || one.name] as const),
        ...(manifest.auth ?? []).map((one) => [`auth/${one.id}`, one.label || one.id] as const),
        ...(manifest.webhooks ?? []).map((one) => [`webhooks/${one.id}`, one.name || one.id] as const),
      ]),
    [manifest],
  );
  if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <Loading />;
  const { data, total, unsure, threshold } = query.data;
  const nameOf = (path: string) => {
    const { section, of } = placeOf(path);
    return names.get(`${section}/${of}`) ?? (of || manifest.title || manifest.name);
  };
  const wanted = sought.trim().toLowerCase();
  const shown = data.filter(
    (fact) =>
      (by === "" || (by === "unsure" ? fact.unsure : fact.setBy === by)) &&
      `${nameOf(fact.path)} ${fact.path}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <p role="status">{t("connectors.factCounts", total, unsure)}</p>
      <div className="toolbar">
        <Search value={sought} onChange={setSought} label={t("connectors.searchFacts")} />
        <Select
          aria-label={t("connectors.whichFacts")}
          empty={t("connectors.allFacts")}
          options={[
            { value: "unsure", label: t("connectors.onlyUnsure") },
            { value: "human", label: t("connectors.by.human") },
            { value: "probe", label: t("connectors.by.probe") },
            { value: "importer", label: t("connectors.by.importer") },
          ]}
          value={by}
          onChange={setBy}
        />
      </div>
      {shown.length === 0 ? <p>{t("state.noMatch")}</p> : null}
      <ul className="connectors-facts">
        {shown.slice(0, most).map((fact) => (
          <FactLine
            key={fact.path}
            fact={fact}
            threshold={threshold}
            of={nameOf(fact.path)}
            busy={correct.isPending && correct.variables.path === fact.path}
            onCorrect={(value) => correct.mutate({ path: fact.path, value })}
          />
        ))}
      </ul>
      {shown.length > most ? (
        <div className="more">
          <Button onClick={() => setMost(most + PIECE)}>{t("json.rest", shown.length - most)}</Button>
        </div>
      ) : null}
    </>
  );
}
