import { later } from "../app/later";

/** The dialog for a new automation; what it knows of documents is not needed to list them. */
export const CreateDialog = later(() =>
  import("./CreateDialog").then((found) => ({ default: found.CreateDialog })),
);
