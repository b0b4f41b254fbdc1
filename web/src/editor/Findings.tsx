import { useLocale } from "../i18n";
import { Badge, Button, Dialog } from "../ui";
import { useEditing } from "./context";
import { useEditor } from "./hooks";
import { nameIn } from "./TreeRow";

/** What the server found in the workspace when it was saved or imported. */
export function Findings({ onClose }: { readonly onClose: () => void }) {
  const { editor } = useEditing();
  const { t } = useLocale();
  const issues = useEditor(editor, (now) => now.issues);
  return (
    <Dialog title={t("editor.findingsTitle")} onClose={onClose} wide>
      {issues.length === 0 ? <p>{t("editor.noFindings")}</p> : null}
      <ul className="editor-findings">
        {issues.map((issue, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is replaced as a whole
          <li key={at}>
            <Badge tone={issue.severity === "error" ? "bad" : "warn"}>{issue.code}</Badge>
            <span>
              {issue.blockId === null ? null : (
                <>
                  <bdi>{nameIn(editor.getSnapshot(), issue.blockId)}</bdi>:{" "}
                </>
              )}
              <bdi>{issue.text}</bdi>
            </span>
            {issue.blockId === null || editor.block(issue.blockId) === undefined ? null : (
              <Button
                onClick={() => {
                  editor.reveal(issue.blockId as string);
                  onClose();
                }}
              >
                {t("editor.toBlock")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
