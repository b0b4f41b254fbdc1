import type { FormulaPreview } from "@client";
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useApi } from "../../api";
import { useLocale } from "../../i18n";
import { Icon, told, useDebounced } from "../../ui";
import { useFormulas } from "./context";
import { brief } from "./data";

/** What a formula gives on the samples, computed by the server once nobody types any more. 429 is waited out by the client. */
export function usePreview(formula: string, wanted: boolean): UseQueryResult<FormulaPreview> {
  const api = useApi();
  const { around } = useFormulas();
  const settled = useDebounced(formula);
  const ask = { formula: settled, ...around(settled) };
  return useQuery({
    queryKey: ["formulas", "preview", ask],
    queryFn: ({ signal }) => api.workflows.previewFormula(ask, { signal }),
    enabled: wanted && settled.includes("{"),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
    retry: false,
  });
}

/** One line below a field: the value and its kind, or what is wrong and where. */
export function Preview({
  query,
  formula,
}: {
  readonly query: UseQueryResult<FormulaPreview>;
  readonly formula: string;
}) {
  const { t } = useLocale();
  const found = query.data;
  if (!formula.includes("{")) return <p className="formula-preview formula-hint">{t("panel.formulaHint")}</p>;
  if (query.isError) return <p className="formula-preview formula-hint">{told(query.error, t).join(" ")}</p>;
  if (found === undefined) return <p className="formula-preview formula-hint">{t("state.loading")}</p>;
  if (found.error !== null) {
    const { detail, position } = found.error;
    return (
      <p className="formula-preview formula-wrong" role="status">
        <Icon name="error" />
        <span>
          {detail}
          {position !== null && position.line > 1
            ? ` (${t("panel.lineColumn", position.line, position.column)})`
            : null}
        </span>
      </p>
    );
  }
  const missing = found.references.filter((one) => !one.known).map((one) => one.name);
  return (
    <p className={query.isPlaceholderData ? "formula-preview formula-old" : "formula-preview"} role="status">
      <span className="formula-equals" aria-hidden="true">
        =
      </span>
      <bdi className="formula-value">
        {found.cut ? t("panel.previewCut") : brief(found.value, 160) || t("panel.previewEmpty")}
      </bdi>
      {found.type === null ? null : <span className="formula-type">{t(`panel.type.${found.type}`)}</span>}
      {missing.length > 0 ? (
        <span className="formula-missing">{t("panel.noSample", missing.join(", "))}</span>
      ) : null}
    </p>
  );
}
