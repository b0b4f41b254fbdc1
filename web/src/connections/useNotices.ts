import type { NoticeItem } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";

/** The open notices by what they are about, such as `connection:<id>`; the newest of each. */
export function useNotices() {
  const api = useApi();
  const query = useQuery({
    queryKey: ["notices"],
    queryFn: async ({ signal }) => (await api.workflows.getNotices({ signal })).data,
  });
  const of = (subject: string): readonly NoticeItem[] =>
    (query.data ?? []).filter((one) => one.subject === subject);
  return { query, of };
}
