import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "../api";
import { type Translate, useLocale } from "../i18n";
import { Badge, Button, Checkbox, Loading, Problem, type Tone } from "../ui";
import {
  type BlockChanges,
  type Change,
  counted,
  type Fate,
  grouped,
  type Piece,
  pieces,
  words,
} from "./diff";

const TONES: Record<Fate, Tone> = {
  added: "good",
  removed: "bad",
  moved: "info",
  changed: "warn",
  layout: "neutral",
};
const PIECE = 60;
const LONGEST = 600;

type Props = { readonly automationId: string; readonly version: number; readonly against: number };

/** What changed between two versions: block by block, old beside new. */
export function DiffView({ automationId, version, against }: Props) {
  const { t, number } = useLocale();
  const api = useApi();
  const [layout, setLayout] = useState(false);
  const [shown, setShown] = useState(PIECE);
  const query = useQuery({
    queryKey: ["automations", automationId, "versions", version, "diff", { against }],
    queryFn: ({ signal }) => api.workflows.diffVersions(automationId, version, { against }, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const changes = query.data?.changes;
  const groups = useMemo(() => grouped(changes ?? [], layout), [changes, layout]);
  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Loading />;
  const counts = counted(groups);
  const fates = (["added", "removed", "moved", "changed"] as const).filter((fate) => counts[fate] > 0);
  return (
    <section className="versions-diff" aria-label={t("runs.diff.title")}>
      <div className="row">
        {fates.map((fate) => (
          <Badge key={fate} tone={TONES[fate]}>
            {t(`runs.diff.count.${fate}`, number(counts[fate]))}
          </Badge>
        ))}
        <Checkbox label={t("runs.diff.layout")} checked={layout} onChange={setLayout} />
      </div>
      {groups.length === 0 ? (
        <p className="muted">
          {t(query.data.changes.length > 0 ? "runs.diff.onlyLayout" : "runs.diff.same")}
        </p>
      ) : null}
      {groups.slice(0, shown).map((group) => (
        <Group key={group.key} group={group} />
      ))}
      {groups.length > shown ? (
        <Button onClick={() => setShown(shown + PIECE)}>{t("action.showMore")}</Button>
      ) : null}
    </section>
  );
}

function Group({ group }: { readonly group: BlockChanges }) {
  const { t } = useLocale();
  const name = group.kind === "document" ? t("runs.diff.document") : group.name;
  return (
    <article className="versions-group">
      <h3>
        {group.kind === "variable" ? <span className="muted">{t("runs.diff.variable")} </span> : null}
        <bdi>{name}</bdi>{" "}
        {group.fates.map((fate) => (
          <Badge key={fate} tone={TONES[fate]}>
            {t(fate === "layout" ? "runs.diff.layout.word" : `runs.diff.${fate}`)}
          </Badge>
        ))}
      </h3>
      {group.place === "" ? null : (
        <p className="muted">
          <bdi>{group.place}</bdi>
        </p>
      )}
      {group.changes.map((change, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a comparison of two versions never changes
        <Line key={index} change={change} />
      ))}
    </article>
  );
}

function Line({ change }: { readonly change: Change }) {
  const { t } = useLocale();
  const [whole, setWhole] = useState(false);
  const old = words(change.old);
  const now = words(change.new);
  const long = Math.max(old.length, now.length) > LONGEST;
  const [left, right] = useMemo(
    () => pieces(whole ? old : old.slice(0, LONGEST), whole ? now : now.slice(0, LONGEST)),
    [old, now, whole],
  );
  return (
    <div className="versions-line">
      <p className="versions-field">
        <bdi>{fieldWord(change, t)}</bdi>
      </p>
      {change.kind === "enabled" || change.kind === "disabled" ? null : (
        <div className="versions-sides">
          <Side label={t("runs.diff.old")} look="old" parts={left} />
          <Side label={t("runs.diff.new")} look="new" parts={right} />
        </div>
      )}
      {long ? (
        <Button look="bare" onClick={() => setWhole(!whole)}>
          {t(whole ? "action.showLess" : "action.showMore")}
        </Button>
      ) : null}
    </div>
  );
}

function fieldWord(change: Change, t: Translate): string {
  if (change.kind === "moved") return t("runs.diff.place");
  if (change.kind === "enabled" || change.kind === "disabled") return t(`runs.diff.is.${change.kind}`);
  return change.field === "" ? change.text : change.field;
}

function Side({
  label,
  look,
  parts,
}: {
  readonly label: string;
  readonly look: "old" | "new";
  readonly parts: readonly Piece[];
}) {
  const { t } = useLocale();
  const Mark = look === "old" ? "del" : "ins";
  return (
    <div className={`versions-side versions-${look}`}>
      <span className="versions-side-label">{label}</span>
      <pre>
        {parts.length === 0 ? <span className="muted">{t("runs.diff.nothing")}</span> : null}
        {parts.map((piece, index) => {
          const Differs = piece.differs ? Mark : "span";
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text have no other name
            <Differs key={index}>
              {piece.formula ? <code className="versions-formula">{piece.text}</code> : piece.text}
            </Differs>
          );
        })}
      </pre>
    </div>
  );
}
