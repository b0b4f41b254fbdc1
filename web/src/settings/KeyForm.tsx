import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Field, FieldGroup, Select, TextInput } from "../ui";
import { inUnits, offered } from "./durations";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";
import { useMe } from "./me";
import { type Chosen, type Level, RESOURCES, scopesOf } from "./scopes";

type Reach = "user_default" | "admin" | "chosen";
type Props = { readonly onClose: () => void; readonly onMade: (token: string) => void };

export function KeyForm({ onClose, onMade }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const queryClient = useQueryClient();
  const [description, setDescription] = useState("");
  const [expiry, setExpiry] = useState("");
  const [reach, setReach] = useState<Reach>("user_default");
  const [chosen, setChosen] = useState<Chosen>({});
  const limits = useQuery({
    queryKey: ["api-keys", "limits", me.accountId],
    queryFn: ({ signal }) => api.v1.getApiKeysConfiguration(me.accountId, { signal }),
  });
  const durations = offered(limits.data?.max_api_key_expiry ?? "PT24H");
  const lasting = expiry || (durations.at(-1) ?? "PT24H");
  const scopes = reach === "chosen" ? scopesOf(chosen) : [reach];
  const make = useMutation({
    mutationFn: () => api.v1.createApiKey({ description, expiry: lasting, scopes }),
    onSuccess: ({ token }) => {
      void queryClient.invalidateQueries({ queryKey: ["api-keys"] });
      onClose();
      onMade(token);
    },
  });
  const inWords = (duration: string) => {
    const found = inUnits(duration);
    return found === null ? duration : t(`settings.${found.unit}s`, found.count);
  };
  const reaches: Reach[] = me.isAdmin ? ["user_default", "admin", "chosen"] : ["user_default", "chosen"];
  return (
    <FormDialog
      title={t("settings.keyNew")}
      action={t("settings.keyMake")}
      busy={make.isPending}
      disabled={scopes.length === 0}
      error={faultElsewhere(make.error, ["description", "expiry", "scopes"])}
      onSubmit={() => make.mutate()}
      onClose={onClose}
    >
      <Field
        label={t("settings.description")}
        hint={t("settings.keyFor")}
        required
        error={faultAt(make.error, "description")}
      >
        {(wired) => <TextInput {...wired} maxLength={200} value={description} onChange={setDescription} />}
      </Field>
      <Field label={t("settings.lasts")} error={faultAt(make.error, "expiry")}>
        {(wired) => (
          <Select
            {...wired}
            value={lasting}
            onChange={setExpiry}
            options={durations.map((value) => ({ value, label: inWords(value) }))}
          />
        )}
      </Field>
      <Field label={t("settings.mayDo")} error={faultAt(make.error, "scopes")}>
        {(wired) => (
          <Select
            {...wired}
            value={reach}
            onChange={(value) => setReach(value as Reach)}
            options={reaches.map((value) => ({ value, label: t(`settings.reach.${value}`) }))}
          />
        )}
      </Field>
      {reach === "chosen" ? (
        <FieldGroup legend={t("settings.scopes")}>
          <div className="settings-grid">
            {RESOURCES.map((name) => (
              <Field key={name} label={t(`settings.scope.${name}`)}>
                {(wired) => (
                  <Select
                    {...wired}
                    value={chosen[name] ?? "none"}
                    onChange={(level) => setChosen({ ...chosen, [name]: level as Level })}
                    options={(["none", "read", "change"] as const).map((value) => ({
                      value,
                      label: t(`settings.level.${value}`),
                    }))}
                  />
                )}
              </Field>
            ))}
          </div>
        </FieldGroup>
      ) : null}
    </FormDialog>
  );
}
