import { useApi } from "../api";

/** What only the studio's own API does: passwords. */
export function useStudio() {
  const { studio } = useApi();
  return {
    /** A link by which the person chooses a password. */
    invite: async (userId: string) =>
      (await studio<{ readonly url: string }>("/studio/invitations", { userId })).url,
    changePassword: (current: string, password: string) =>
      studio<unknown>("/studio/password", { current, password }),
  };
}
