import type { CreateOAuthClient } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Checkbox, Field, FieldGroup, Select, TextArea, TextInput } from "../ui";
import type { Made } from "./Clients";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";
import { lines } from "./texts";

const KINDS = ["web", "spa", "native"] as const;
const GRANTS = ["client_credentials", "urn:qlik:oauth:user-impersonation"] as const;
const FIELDS = ["clientName", "redirectUris", "allowedOrigins", "allowedScopes"];

export function ClientForm({
  onClose,
  onMade,
}: {
  readonly onClose: () => void;
  readonly onMade: (made: Made) => void;
}) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [clientName, setName] = useState("");
  const [appType, setType] = useState<(typeof KINDS)[number]>("web");
  const [redirects, setRedirects] = useState("");
  const [origins, setOrigins] = useState("");
  const [scopes, setScopes] = useState("user_default");
  const [grants, setGrants] = useState<readonly (typeof GRANTS)[number][]>(["client_credentials"]);
  const [trusted, setTrusted] = useState(false);
  const make = useMutation({
    mutationFn: () => {
      const body: CreateOAuthClient = {
        clientName,
        appType,
        redirectUris: lines(redirects),
        allowedScopes: scopes.split(/\s+/).filter(Boolean),
        connectionConfig: { consentMethod: trusted ? "trusted" : "required" },
        ...(appType === "spa" && origins.trim() !== "" ? { allowedOrigins: lines(origins) } : {}),
        ...(appType === "web" ? { allowedGrantTypes: [...grants] } : {}),
      };
      return api.v1.createOAuthClient(body);
    },
    onSuccess: ({ clientId, clientSecret }) => {
      void queryClient.invalidateQueries({ queryKey: ["oauth-clients"] });
      onClose();
      onMade({ clientId, clientSecret });
    },
  });
  const errorOf = (field: string) => faultAt(make.error, field);
  return (
    <FormDialog
      title={t("settings.clientNew")}
      action={t("settings.clientMake")}
      busy={make.isPending}
      error={faultElsewhere(make.error, FIELDS)}
      onSubmit={() => make.mutate()}
      onClose={onClose}
    >
      <Field
        label={t("settings.name")}
        hint={t("settings.clientNameHint")}
        required
        error={errorOf("clientName")}
      >
        {(wired) => <TextInput {...wired} value={clientName} onChange={setName} />}
      </Field>
      <Field label={t("settings.kind")} hint={t(`settings.appHint.${appType}`)}>
        {(wired) => (
          <Select
            {...wired}
            value={appType}
            onChange={(value) => setType(value as typeof appType)}
            options={KINDS.map((value) => ({ value, label: t(`settings.app.${value}`) }))}
          />
        )}
      </Field>
      <Field label={t("settings.redirects")} hint={t("settings.oneALine")} error={errorOf("redirectUris")}>
        {(wired) => (
          <TextArea {...wired} rows={2} value={redirects} onChange={setRedirects} spellCheck={false} />
        )}
      </Field>
      {appType === "spa" ? (
        <Field
          label={t("settings.originList")}
          hint={t("settings.oneALine")}
          error={errorOf("allowedOrigins")}
        >
          {(wired) => (
            <TextArea {...wired} rows={2} value={origins} onChange={setOrigins} spellCheck={false} />
          )}
        </Field>
      ) : null}
      <Field
        label={t("settings.scopes")}
        hint={t("settings.clientScopesHint")}
        error={errorOf("allowedScopes")}
      >
        {(wired) => <TextInput {...wired} value={scopes} onChange={setScopes} spellCheck={false} />}
      </Field>
      {appType === "web" ? (
        <FieldGroup legend={t("settings.grants")}>
          {GRANTS.map((grant) => (
            <Checkbox
              key={grant}
              label={t(`settings.grant.${grant}`)}
              checked={grants.includes(grant)}
              onChange={(on) => setGrants(on ? [...grants, grant] : grants.filter((one) => one !== grant))}
            />
          ))}
        </FieldGroup>
      ) : null}
      <Checkbox
        label={t("settings.trusted")}
        hint={t("settings.trustedHint")}
        checked={trusted}
        onChange={setTrusted}
      />
    </FormDialog>
  );
}
