import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Dialog, Loading, Problem } from "../ui";
import { differences, type FieldDifference } from "./differences";
import { read } from "./document";
import { aboutOf, baseOf, type Clash, load } from "./saving";
import type { Editor } from "./store";

type Props = {
  readonly editor: Editor;
  readonly clash: Clash;
  readonly onClose: () => void;
  /** Saves what is edited over what the server has. */
  readonly onKeepMine: () => void;
};

const MOST = 200;
const TONES = { added: "good", removed: "bad", changed: "warn", moved: "info" } as const;

/** Two people saved: who was first, what is different, and whose is to stay. */
export function ConflictDialog({ editor, clash, onClose, onKeepMine }: Props) {
  const api = useApi();
  const { t, ago } = useLocale();
  const theirs = useQuery({
    queryKey: ["automations", editor.automationId, "theirs"],
    queryFn: ({ signal }) => load(api, editor.automationId, signal),
    gcTime: 0,
    staleTime: 0,
  });
  const found = theirs.data;
  const who = clash.who ?? t("editor.conflictSomebody");
  return (
    <Dialog
      wide
      title={t("editor.conflict")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("editor.conflictLater")}</Button>
          <Button
            disabled={found === undefined}
            onClick={() => {
              if (found === undefined) return;
              editor.adopt(found.detail.workspace, aboutOf(found.detail), baseOf(found), found.text);
              onClose();
            }}
          >
            {t("editor.conflictTheirs")}
          </Button>
          <Button
            look="primary"
            disabled={found === undefined}
            onClick={() => {
              if (found === undefined) return;
              editor.rebase(baseOf(found));
              onClose();
              onKeepMine();
            }}
          >
            {t("editor.conflictMine")}
          </Button>
        </>
      }
    >
      <p>
        {clash.version === null || clash.at === null
          ? t("editor.conflict")
          : t("editor.conflictWho", who, clash.version, ago(clash.at))}{" "}
        {clash.note === "" ? null : <q>{clash.note}</q>}
      </p>
      <p className="muted">{t("editor.conflictText")}</p>
      <h3>{t("editor.conflictDiff")}</h3>
      {theirs.isPending ? <Loading /> : null}
      {theirs.isError ? <Problem error={theirs.error} onRetry={() => void theirs.refetch()} /> : null}
      {found === undefined ? null : <Differences editor={editor} workspace={found.detail.workspace} />}
    </Dialog>
  );
}

function Differences({ editor, workspace }: { readonly editor: Editor; readonly workspace: unknown }) {
  const { t } = useLocale();
  const { doc } = editor.getSnapshot();
  const theirs = read(workspace);
  const found = differences(theirs, doc);
  const variables = JSON.stringify(theirs.variables) !== JSON.stringify(doc.variables);
  if (found.length === 0 && !variables) return <p>{t("editor.diff.none")}</p>;
  return (
    <ul className="editor-differences">
      {variables ? <li>{t("editor.diff.variables")}</li> : null}
      {found.slice(0, MOST).map((one) => (
        <li key={one.id}>
          <bdi>{one.title}</bdi> <Badge tone={TONES[one.kind]}>{t(`editor.diff.${one.kind}`)}</Badge>
          {one.fields.map((field) => (
            <Sides key={field.field} field={field} />
          ))}
        </li>
      ))}
      {found.length > MOST ? <li>…</li> : null}
    </ul>
  );
}

function Sides({ field }: { readonly field: FieldDifference }) {
  const { t } = useLocale();
  return (
    <dl className="editor-sides">
      <dt>{field.field}</dt>
      <dd>
        <span className="muted">{t("editor.diff.theirs")}</span> <code>{shown(field.theirs)}</code>
      </dd>
      <dd>
        <span className="muted">{t("editor.diff.mine")}</span> <code>{shown(field.mine)}</code>
      </dd>
    </dl>
  );
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
