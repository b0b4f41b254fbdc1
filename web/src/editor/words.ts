import type { Translate } from "../i18n";
import type { Block, Edge } from "./document";
import { caseText } from "./summary";

/** How a branch is called. */
export function branchWord(block: Block | undefined, edge: Edge, t: Translate): string {
  switch (edge) {
    case "childTrueId":
      return t("editor.yes");
    case "childFalseId":
      return t("editor.no");
    case "loopBlockId":
      return t("editor.each");
    case "tryChildId":
      return t("editor.try");
    case "catchChildId":
      return t("editor.catch");
    case "defaultChildId":
      return t("editor.default");
    default:
      return t("editor.case", (block === undefined ? null : caseText(block, edge)) ?? "");
  }
}
