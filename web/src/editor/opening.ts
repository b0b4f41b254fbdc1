import { later } from "../app/later";

/** The editor; apart from the list's code, which is there before it. */
export const EditorPage = later(() =>
  import("./EditorPage").then((found) => ({ default: found.EditorPage })),
);
