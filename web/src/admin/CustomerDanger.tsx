import type { Tenant } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { FormDialog } from "../settings/FormDialog";
import { useMe } from "../settings/me";
import { Button, Field, NumberInput, TextInput, useToast } from "../ui";

type Doing = "suspend" | "purge";

/** Letting a customer in no more, letting it in again, and removing it with all that is its own. */
export function CustomerDanger({ tenant }: { readonly tenant: Tenant }) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [doing, setDoing] = useState<Doing | null>(null);
  const fresh = () => {
    void queryClient.invalidateQueries({ queryKey: ["tenants"] });
    void queryClient.invalidateQueries({ queryKey: ["oem"] });
  };
  const reactivate = useMutation({
    mutationFn: () =>
      api.v1.reactivateTenantById(tenant.id, undefined, { qlikConfirmHostname: tenant.hostnames[0] ?? "" }),
    onSuccess: () => {
      toast.say(t("admin.reactivated", tenant.name));
      fresh();
    },
    onError: toast.fail,
  });
  const active = tenant.status === "active";
  const own = tenant.id === me.accountId;
  return (
    <section className="settings-section admin-panel admin-danger">
      <h2>{t("admin.access")}</h2>
      {own ? <p>{t("admin.ownAccount")}</p> : null}
      {!own && active ? (
        <>
          <p>{t("admin.suspendText")}</p>
          <div className="settings-row">
            <Button look="danger" icon="pause" onClick={() => setDoing("suspend")}>
              {t("admin.suspend")}
            </Button>
            <Button look="danger" icon="trash" onClick={() => setDoing("purge")}>
              {t("admin.purge")}
            </Button>
          </div>
        </>
      ) : null}
      {active ? null : (
        <>
          <p>{t("admin.suspendedText")}</p>
          <div>
            <Button
              look="primary"
              icon="play"
              busy={reactivate.isPending}
              onClick={() => reactivate.mutate()}
            >
              {t("admin.reactivate")}
            </Button>
          </div>
        </>
      )}
      {doing === null ? null : (
        <Typed tenant={tenant} doing={doing} onClose={() => setDoing(null)} onDone={fresh} />
      )}
    </section>
  );
}

type TypedProps = {
  readonly tenant: Tenant;
  readonly doing: Doing;
  readonly onClose: () => void;
  readonly onDone: () => void;
};

/** Asks for the customer's name, letter by letter: nobody takes one customer for another. */
function Typed({ tenant, doing, onClose, onDone }: TypedProps) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const [, go] = useLocation();
  const [typed, setTyped] = useState("");
  const [days, setDays] = useState<number | null>(30);
  const act = useMutation({
    mutationFn: async () => {
      if (doing === "purge") await (await api.oem()).deleteAccount(tenant.id);
      else {
        const confirmed = { qlikConfirmHostname: tenant.hostnames[0] ?? "" };
        await api.v1.deactivateTenantById(tenant.id, { purgeAfterDays: days ?? 30 }, confirmed);
      }
    },
    onSuccess: () => {
      toast.say(doing === "purge" ? t("admin.purged", tenant.name) : t("admin.suspendDone", tenant.name));
      onClose();
      onDone();
      if (doing === "purge") go("/customers");
    },
  });
  const text = doing === "purge" ? t("admin.purgeText") : t("admin.suspendText");
  return (
    <FormDialog
      title={doing === "purge" ? t("admin.purge") : t("admin.suspend")}
      action={doing === "purge" ? t("admin.purge") : t("admin.suspend")}
      danger
      busy={act.isPending}
      disabled={typed.trim() !== tenant.externalId}
      error={act.error}
      onSubmit={() => act.mutate()}
      onClose={onClose}
    >
      <p>{text}</p>
      {doing === "suspend" ? (
        <Field label={t("admin.purgeAfter")} hint={t("admin.purgeAfterHint")}>
          {(wired) => <NumberInput {...wired} value={days} onChange={setDays} />}
        </Field>
      ) : null}
      <Field label={t("admin.typeIt")} hint={<bdi>{tenant.externalId}</bdi>} required>
        {(wired) => (
          <TextInput {...wired} autoComplete="off" spellCheck={false} value={typed} onChange={setTyped} />
        )}
      </Field>
    </FormDialog>
  );
}
