import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocale } from "../../i18n";
import { Checkbox, Field, FieldGroup, Search, SecretInput, Switch, TextInput } from "../../ui";
import { FormDialog } from "../FormDialog";
import { faultAt, faultElsewhere } from "../faults";
import type { Hook, HookDraft, HookSource } from "./source";

type Props = {
  readonly source: HookSource;
  readonly hook?: Hook;
  readonly onClose: () => void;
  readonly onSecret: (secret: string) => void;
};

/** A secret that nobody can guess, for those who do not bring one along. */
function fresh(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `whsec_${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function HookForm({ source, hook, onClose, onSecret }: Props) {
  const { t } = useLocale();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<HookDraft>({
    name: hook?.name ?? "",
    url: hook?.url ?? "",
    description: hook?.description ?? "",
    eventTypes: [...(hook?.eventTypes ?? [])],
    enabled: hook?.enabled ?? true,
    secret: "",
  });
  const [wanted, setWanted] = useState("");
  const kinds = useQuery({ queryKey: [source.key, "kinds"], queryFn: ({ signal }) => source.kinds(signal) });
  const save = useMutation({
    mutationFn: async () => {
      const secret = hook === undefined && draft.secret === "" ? fresh() : draft.secret;
      if (hook !== undefined) {
        await source.update(hook.id, draft);
        return null;
      }
      const made = await source.create({ ...draft, secret });
      return draft.secret === "" ? (made ?? secret) : null;
    },
    onSuccess: (secret) => {
      void queryClient.invalidateQueries({ queryKey: [source.key] });
      onClose();
      if (secret !== null) onSecret(secret);
    },
  });
  const change = (part: Partial<HookDraft>) => setDraft({ ...draft, ...part });
  const shown = (kinds.data ?? []).filter((kind) =>
    `${kind.name} ${kind.title}`.toLowerCase().includes(wanted.toLowerCase()),
  );
  const tick = (name: string, on: boolean) =>
    change({ eventTypes: on ? [...draft.eventTypes, name] : draft.eventTypes.filter((one) => one !== name) });
  return (
    <FormDialog
      wide
      title={hook === undefined ? t("settings.hookNew") : t("settings.hookEdit")}
      action={t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["name", "url", source.typesField, "secret"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field label={t("settings.name")} required error={faultAt(save.error, "name")}>
        {(wired) => <TextInput {...wired} value={draft.name} onChange={(name) => change({ name })} />}
      </Field>
      <Field
        label={t("settings.hookUrl")}
        required
        hint={t("settings.hookUrlHint")}
        error={faultAt(save.error, "url")}
      >
        {(wired) => <TextInput {...wired} type="url" value={draft.url} onChange={(url) => change({ url })} />}
      </Field>
      <Field label={t("settings.description")}>
        {(wired) => (
          <TextInput
            {...wired}
            value={draft.description}
            onChange={(description) => change({ description })}
          />
        )}
      </Field>
      <Field
        label={t("settings.hookSecret")}
        hint={hook === undefined ? t("settings.hookSecretNew") : t("settings.hookSecretKept")}
        error={faultAt(save.error, "secret")}
      >
        {(wired) => <SecretInput {...wired} value={draft.secret} onChange={(secret) => change({ secret })} />}
      </Field>
      <FieldGroup legend={t("settings.hookKinds")} hint={faultAt(save.error, source.typesField)}>
        <Search label={t("settings.hookKindsFind")} value={wanted} onChange={setWanted} />
        <div className="settings-grid">
          {shown.map((kind) => (
            <Checkbox
              key={kind.name}
              label={kind.title || kind.name}
              hint={kind.description || kind.name}
              checked={draft.eventTypes.includes(kind.name)}
              onChange={(on) => tick(kind.name, on)}
            />
          ))}
        </div>
      </FieldGroup>
      <Switch
        label={t("settings.enabled")}
        checked={draft.enabled}
        onChange={(enabled) => change({ enabled })}
      />
    </FormDialog>
  );
}
