import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Dialog, errorAt, Field, Problem, TextArea } from "../ui";

type Props = {
  readonly automationId: string;
  readonly version: number;
  readonly note: string;
  readonly onClose: () => void;
};

/** What to remember of a version. */
export function NoteDialog({ automationId, version, note, onClose }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const queries = useQueryClient();
  const [text, setText] = useState(note);
  const save = useMutation({
    mutationFn: () => api.workflows.patchVersion(automationId, version, { note: text }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["automations", automationId, "versions"] });
      onClose();
    },
  });
  const wrong = errorAt(save.error, "/note");
  return (
    <Dialog
      title={t("runs.noteTitle", version)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" busy={save.isPending} onClick={() => save.mutate()}>
            {t("action.save")}
          </Button>
        </>
      }
    >
      <Field label={t("runs.note")} error={wrong}>
        {(wired) => <TextArea {...wired} maxLength={2000} value={text} onChange={setText} />}
      </Field>
      {save.isError && wrong === undefined ? <Problem error={save.error} /> : null}
    </Dialog>
  );
}
