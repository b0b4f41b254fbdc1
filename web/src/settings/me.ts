import { useSession } from "../session/Session";

/** Who is signed in, as forms need it. */
export function useMe() {
  const { user, account, admin, partnerAdmin } = useSession();
  return {
    id: user.id,
    name: user.name,
    email: user.email ?? "",
    accountId: account.id,
    accountName: account.name,
    isAdmin: admin,
    isPartnerAdmin: partnerAdmin,
  };
}
