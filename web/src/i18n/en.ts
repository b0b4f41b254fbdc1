import { en as admin } from "./admin";
import { en as common } from "./common";
import { en as connections } from "./connections";
import { en as connectors } from "./connectors";
import { en as data } from "./data";
import { en as editor } from "./editor";
import { en as embed } from "./embed";
import { en as panel } from "./panel";
import { en as runs } from "./runs";
import { en as settings } from "./settings";
import { en as templates } from "./templates";

// Every text of the studio, by feature.
export const en = {
  ...common,
  ...data,
  ...editor,
  ...panel,
  ...runs,
  ...connectors,
  ...connections,
  ...templates,
  ...embed,
  ...admin,
  ...settings,
} as const;

export type Key = keyof typeof en;
