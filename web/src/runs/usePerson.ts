import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";

/** The name of a user, null while it is not known, or for nobody. */
export function usePerson(id: string | null | undefined): string | null {
  const api = useApi();
  const found = useQuery({
    queryKey: ["users", id],
    queryFn: ({ signal }) => api.v1.getUserById(id ?? "", {}, { signal }),
    enabled: typeof id === "string",
    staleTime: 600_000,
    retry: false,
  });
  return found.data?.name || found.data?.email || null;
}
