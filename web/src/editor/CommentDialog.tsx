import { useState } from "react";
import { useLocale } from "../i18n";
import { Button, Dialog, Field, TextArea } from "../ui";
import { useEditing } from "./context";
import { blockOf, titleOf } from "./document";
import { setComment } from "./edits";

export function CommentDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const block = blockOf(editor.getSnapshot().doc, id);
  const [text, setText] = useState(block?.comment ?? "");
  if (block === undefined) return null;
  const keep = () => {
    editor.edit((doc) => setComment(doc, id, text));
    onClose();
  };
  return (
    <Dialog
      title={t("editor.commentOf", titleOf(block))}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" onClick={keep}>
            {t("editor.scheduleApply")}
          </Button>
        </>
      }
    >
      <Field label={t("editor.comment")}>
        {(wired) => <TextArea {...wired} data-autofocus rows={5} value={text} onChange={setText} />}
      </Field>
    </Dialog>
  );
}
