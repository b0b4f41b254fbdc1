import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useApi } from "../../../api";
import { inputOf } from "../../document";
import { usePanel } from "../context";
import type { EditorProps } from "../FieldEditor";
import { specOf } from "../spec";
import { asText, isFormula } from "../values";
import { ObjectField } from "./ObjectField";

/** What a called automation is given: the fields of its form, where it begins with one, and any others. */
export function CallInputs(props: EditorProps) {
  const api = useApi();
  const { block } = usePanel();
  const called = asText((block["guid"] as string | undefined) ?? inputOf(block, "guid")?.value);
  const found = useQuery({
    queryKey: ["automations", called, "form"],
    queryFn: ({ signal }) => api.workflows.getAutomationForm(called, { signal }),
    enabled: called !== "" && !isFormula(called),
    staleTime: 60_000,
    retry: false,
  });
  const spec = useMemo(() => {
    const asked = (found.data?.forms ?? [])
      .flatMap((form) => form.fields)
      .filter((field) => field.kind !== "button");
    if (asked.length === 0) return props.spec;
    const fields = asked.map((field) =>
      specOf(
        { id: field.label, label: field.label, type: "any", required: field.required, help: field.helpText },
        "field",
      ),
    );
    return { ...props.spec, fields };
  }, [found.data, props.spec]);
  return <ObjectField {...props} spec={spec} />;
}
