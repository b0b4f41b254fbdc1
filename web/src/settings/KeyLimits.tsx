import type { ApiKeysConfig } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Field, NumberInput, Problem, useToast } from "../ui";
import { seconds } from "./durations";
import { useMe } from "./me";

/** What the account allows of keys; for its administrators. */
export function KeyLimits() {
  const api = useApi();
  const me = useMe();
  const queryKey = ["api-keys", "limits", me.accountId];
  const limits = useQuery({
    queryKey,
    queryFn: ({ signal }) => api.v1.getApiKeysConfiguration(me.accountId, { signal }),
  });
  if (limits.isError) return <Problem error={limits.error} />;
  return limits.data === undefined ? null : <LimitForm limits={limits.data} />;
}

function LimitForm({ limits }: { readonly limits: ApiKeysConfig }) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [keys, setKeys] = useState<number | null>(limits.max_keys_per_user);
  const [days, setDays] = useState<number | null>((seconds(limits.max_api_key_expiry) ?? 0) / 86_400);
  const save = useMutation({
    mutationFn: () =>
      api.v1.updateApiKeyConfiguration(me.accountId, [
        { op: "replace", path: "/max_keys_per_user", value: keys ?? limits.max_keys_per_user },
        {
          op: "replace",
          path: "/max_api_key_expiry",
          value: `PT${Math.max(1, Math.round((days ?? 1) * 24))}H`,
        },
      ]),
    onSuccess: () => {
      toast.say(t("settings.saved"));
      void queryClient.invalidateQueries({ queryKey: ["api-keys", "limits"] });
    },
  });
  return (
    <form
      className="settings-section"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <h2>{t("settings.keyLimits")}</h2>
      <p>{t("settings.keyLimitsText")}</p>
      {save.isError ? <Problem error={save.error} /> : null}
      <div className="settings-row">
        <Field label={t("settings.keysPerUser")}>
          {(wired) => <NumberInput {...wired} value={keys} onChange={setKeys} />}
        </Field>
        <Field label={t("settings.keyDays")}>
          {(wired) => <NumberInput {...wired} value={days} onChange={setDays} />}
        </Field>
      </div>
      <div>
        <Button type="submit" busy={save.isPending}>
          {t("action.save")}
        </Button>
      </div>
    </form>
  );
}
