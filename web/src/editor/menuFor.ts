import type { Translate } from "../i18n";
import type { MenuItem } from "../ui";
import type { Actions } from "./actions";
import type { Editing } from "./context";
import { blockOf, branches, childAt } from "./document";

/** What can be done with a block. */
export function menuFor(
  editing: Editing,
  actions: Actions,
  id: string,
  t: Translate,
  comment: () => void,
): readonly MenuItem[] {
  const { editor, pick, openPanel, test } = editing;
  const { doc, selected } = editor.getSnapshot();
  const block = blockOf(doc, id);
  if (block === undefined) return [];
  const look: MenuItem[] = [
    { label: t("editor.edit"), icon: "edit", onSelect: openPanel, keys: "Enter" },
    { label: t("editor.copyBlock"), icon: "copy", onSelect: () => void actions.copyOut(), keys: "Ctrl C" },
  ];
  if (editor.readOnly) return look;
  const start = block.type === "StartBlock" && doc.shape.roots[0] === id;
  const several = selected.size > 1 && selected.has(id);
  const inside = branches(block).some((edge) => childAt(doc, id, edge) !== null);
  const items: (MenuItem | null)[] = [
    look[0] ?? null,
    several ? null : { label: t("editor.testBlock"), icon: "play", onSelect: () => test({ only: id }) },
    several ? null : { label: t("editor.runTo"), icon: "skip", onSelect: () => test({ until: id }) },
    {
      label: t("editor.add"),
      icon: "plus",
      onSelect: () => pick({ parent: id, edge: "childId" }),
      keys: "A",
    },
    start
      ? null
      : { label: t("editor.duplicate"), icon: "copy", onSelect: actions.duplicate, keys: "Ctrl D" },
    look[1] ?? null,
    start
      ? null
      : { label: t("editor.cutBlock"), icon: "cut", onSelect: () => void actions.cutOut(), keys: "Ctrl X" },
    { label: t("editor.pasteBlock"), icon: "paste", onSelect: () => void actions.pasteIn(), keys: "Ctrl V" },
    start
      ? null
      : { label: t("editor.moveUp"), icon: "arrowUp", onSelect: () => actions.shift("up"), keys: "Alt ↑" },
    start
      ? null
      : {
          label: t("editor.moveDown"),
          icon: "arrowDown",
          onSelect: () => actions.shift("down"),
          keys: "Alt ↓",
        },
    start
      ? null
      : {
          label: t(block.disabled === true ? "editor.enableBlock" : "editor.disableBlock"),
          icon: "disable",
          onSelect: actions.toggleDisabled,
          keys: "D",
        },
    several ? null : { label: t("editor.comment"), icon: "comment", onSelect: comment, keys: "C" },
    start
      ? null
      : {
          label: t("editor.delete"),
          icon: "trash",
          danger: true,
          onSelect: () => actions.remove(),
          keys: "Del",
        },
    start || !inside
      ? null
      : { label: t("editor.deleteKeep"), danger: true, onSelect: () => actions.remove("lift") },
    start || childAt(doc, id, "childId") === null
      ? null
      : { label: t("editor.deleteRest"), danger: true, onSelect: () => actions.remove("after") },
  ];
  return items.filter((item) => item !== null);
}
