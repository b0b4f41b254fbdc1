import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { type Choice, isAsked, type Source, text } from "./fields";

type Choices = {
  readonly choices: readonly Choice[] | null;
  readonly loading: boolean;
  readonly error: unknown;
  readonly retry: () => void;
};

/** Choices of a list, or those that the connected account has; null where anything may be written. */
export function useChoices(source: Source): Choices {
  const api = useApi();
  const asked = isAsked(source) ? source : null;
  const found = useQuery({
    queryKey: ["choices", asked],
    enabled: asked !== null,
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Choice[]> => {
      if (asked === null) return [];
      if ("object" in asked) {
        const { data } = await api.workflows.getObjectFields(asked.connection, asked.object, { signal });
        return data.map((field) => ({ value: field.name, label: field.label || field.name }));
      }
      const wish = { inputs: {}, search: "" };
      const { data } = await api.workflows.getInputOptions(asked.connection, asked.block, asked.input, wish, {
        signal,
      });
      return data.map((option) => ({ value: text(option.value), label: option.label }));
    },
  });
  if (source === null) return { choices: null, loading: false, error: null, retry: () => undefined };
  if (asked === null)
    return { choices: source as readonly Choice[], loading: false, error: null, retry: () => undefined };
  return {
    // What cannot be asked for can still be written.
    choices: found.data ?? null,
    loading: found.isPending,
    error: found.error,
    retry: () => void found.refetch(),
  };
}
