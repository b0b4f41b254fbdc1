import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocale } from "../../i18n";
import { Field, Select, useToast } from "../../ui";
import { FormDialog } from "../FormDialog";
import type { HookSource } from "./source";

const HOUR = 3_600_000;
const SINCE = { "1": HOUR, "24": 24 * HOUR, "168": 168 * HOUR, "720": 720 * HOUR } as const;

/** Sends again what was not taken since a time. */
export function ReplayDialog({
  source,
  id,
  onClose,
}: {
  source: HookSource;
  id: string;
  onClose: () => void;
}) {
  const { t } = useLocale();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [since, setSince] = useState<keyof typeof SINCE>("24");
  const replay = useMutation({
    mutationFn: () => source.replay(id, new Date(Date.now() - SINCE[since]).toISOString()),
    onSuccess: ({ count, more }) => {
      toast.say(more ? t("settings.replayedMore", count) : t("settings.replayed", count));
      void queryClient.invalidateQueries({ queryKey: [source.key, "sent", id] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("settings.replay")}
      action={t("settings.replay")}
      busy={replay.isPending}
      error={replay.error}
      onSubmit={() => replay.mutate()}
      onClose={onClose}
    >
      <p>{t("settings.replayText")}</p>
      <Field label={t("settings.replaySince")}>
        {(wired) => (
          <Select
            {...wired}
            value={since}
            onChange={(value) => setSince(value as keyof typeof SINCE)}
            options={[
              { value: "1", label: t("settings.lastHours", 1) },
              { value: "24", label: t("settings.lastHours", 24) },
              { value: "168", label: t("settings.lastDays", 7) },
              { value: "720", label: t("settings.lastDays", 30) },
            ]}
          />
        )}
      </Field>
    </FormDialog>
  );
}
