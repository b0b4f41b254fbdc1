import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { useApi } from "../../../api";
import { useLocale } from "../../../i18n";
import { Badge, Button, Checkbox, Search, Select } from "../../../ui";
import { connectionOf, type Json } from "../../document";
import { useFormulas } from "../../formula/context";
import { FormulaInput } from "../../formula/FormulaInput";
import { usePanel } from "../context";
import { autoMapped, type Source, sourcesOf, type Target, withAccountFields } from "../mapping";
import type { Spec } from "../spec";
import { asText, type Pair } from "../values";
import { JsonField } from "./JsonField";

type Props = {
  readonly spec: Spec;
  readonly pairs: readonly Pair[];
  readonly onChange: (pairs: readonly Pair[]) => void;
  readonly readOnly: boolean;
};

const MANY = 12;

/** The fields of a record and what each is made of: those that are known, from the document and the connected account, and any
 * others that the block has already. */
export function MappingField({ spec, pairs, onChange, readOnly }: Props) {
  const { t } = useLocale();
  const { data, wake, pending } = useFormulas();
  const [typed, setTyped] = useState("");
  const [onlyEmpty, setOnlyEmpty] = useState(false);
  const [said, setSaid] = useState("");
  const wanted = useDeferredValue(typed).trim().toLowerCase();
  const targets = useTargets(spec);
  const sources = useMemo(() => sourcesOf(data), [data]);
  useEffect(wake, [wake]);
  const known = new Set(targets.map((one) => one.name));
  const mapped = new Set(pairs.filter((one) => asText(one.value) !== "").map((one) => one.key));
  const others = pairs.filter((one) => !known.has(one.key));
  const set = (name: string, value: Json) => {
    const at = pairs.findIndex((one) => one.key === name);
    if (at < 0) onChange([...pairs, { key: name, value }]);
    else if (value === "") onChange(pairs.filter((_, index) => index !== at));
    else onChange(pairs.map((one, index) => (index === at ? { ...one, value } : one)));
  };
  const auto = () => {
    const found = autoMapped(targets, sources, mapped);
    setSaid(t("panel.autoMapped", found.size));
    if (found.size === 0) return;
    const rest = pairs.filter((one) => !found.has(one.key));
    onChange([...rest, ...[...found].map(([key, source]) => ({ key, value: source.formula }))]);
  };
  const shown = targets.filter(
    (one) =>
      (wanted === "" || `${one.name} ${one.label}`.toLowerCase().includes(wanted)) &&
      !(onlyEmpty && mapped.has(one.name)),
  );
  const missing = targets.filter((one) => one.required === true && !mapped.has(one.name));
  return (
    <div className="mapping">
      {readOnly ? null : (
        <div className="panel-actions">
          <Button icon="link" onClick={auto} busy={pending} disabled={sources.length === 0}>
            {t("panel.autoMap")}
          </Button>
          <Button look="bare" disabled={mapped.size === 0} onClick={() => onChange(others)}>
            {t("panel.clearMapping")}
          </Button>
        </div>
      )}
      {targets.length > MANY ? (
        <div className="mapping-filter">
          <Search label={t("panel.searchFields")} value={typed} onChange={setTyped} />
          <Checkbox label={t("panel.onlyUnmapped")} checked={onlyEmpty} onChange={setOnlyEmpty} />
        </div>
      ) : null}
      <p className="field-hint" role="status">
        {said === ""
          ? t(
              "panel.mappedOf",
              targets.length - targets.filter((one) => !mapped.has(one.name)).length,
              targets.length,
            )
          : said}
        {missing.length > 0
          ? ` ${t("panel.missingFields", missing.map((one) => one.label).join(", "))}`
          : null}
      </p>
      {sources.length === 0 && !readOnly ? <p className="field-hint">{t("panel.noSources")}</p> : null}
      <ul className="mapping-list">
        {shown.map((target) => (
          <li key={target.name}>
            <Row
              target={target}
              value={pairs.find((one) => one.key === target.name)?.value ?? ""}
              sources={sources}
              onChange={(value) => set(target.name, value)}
              readOnly={readOnly}
            />
          </li>
        ))}
        {others.map((one) => (
          <li key={`other-${one.key}`}>
            <Row
              target={{ name: one.key, label: one.key }}
              value={one.value}
              sources={sources}
              onChange={(value) => set(one.key, value)}
              readOnly={readOnly}
              extra
            />
          </li>
        ))}
      </ul>
      {shown.length === 0 && others.length === 0 ? <p>{t("state.noMatch")}</p> : null}
    </div>
  );
}

type RowProps = {
  readonly target: Target;
  readonly value: Json;
  readonly sources: readonly Source[];
  readonly onChange: (value: Json) => void;
  readonly readOnly: boolean;
  readonly extra?: boolean;
};

function Row({ target, value, sources, onChange, readOnly, extra = false }: RowProps) {
  const { t } = useLocale();
  const text = asText(value);
  return (
    <div className="mapping-row">
      <div className="mapping-target">
        <bdi>{target.label}</bdi>
        {target.required === true ? <span className="field-required"> ({t("state.required")})</span> : null}
        {target.type === undefined || target.type === "" ? null : (
          <span className="mapping-type">{target.type}</span>
        )}
        {extra ? <Badge tone="warn">{t("panel.unknownField")}</Badge> : null}
      </div>
      <div className="mapping-value">
        {typeof value === "object" && value !== null ? (
          <JsonField label={target.label} value={value} onChange={onChange} readOnly={readOnly} />
        ) : (
          <FormulaInput
            label={target.label}
            value={text}
            onChange={onChange}
            placeholder={t("panel.notMapped")}
          />
        )}
        {readOnly || sources.length === 0 ? null : (
          <Select
            className="mapping-source"
            aria-label={t("panel.sourceFor", target.label)}
            empty={t("panel.pickSource")}
            options={sources.slice(0, 150).map((one) => ({ value: one.formula, label: one.label }))}
            value={sources.some((one) => one.formula === text) ? text : ""}
            onChange={onChange}
          />
        )}
      </div>
    </div>
  );
}

/** The fields that the description knows, and those that the connected account has besides. */
function useTargets(spec: Spec): readonly Target[] {
  const api = useApi();
  const { block, described } = usePanel();
  const connection = connectionOf(block);
  const object = described.operation?.["objectType"];
  const asked = typeof object === "string" && object !== "" ? object : null;
  const found = useQuery({
    queryKey: ["connections", connection, "fields", asked],
    queryFn: ({ signal }) => api.workflows.getObjectFields(connection ?? "", asked ?? "", { signal }),
    enabled: connection !== null && asked !== null,
    staleTime: 5 * 60_000,
    retry: false,
  });
  return useMemo(() => {
    const fields = spec.fields ?? [];
    const listed: Target[] = fields.map((one) => ({
      name: one.id,
      label: one.label,
      type: one.type,
      required: one.required,
    }));
    return withAccountFields(listed, found.data?.data ?? []);
  }, [spec.fields, found.data]);
}
