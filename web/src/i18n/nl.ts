import { nl as admin } from "./admin";
import { nl as common } from "./common";
import { nl as connections } from "./connections";
import { nl as connectors } from "./connectors";
import { nl as data } from "./data";
import { nl as editor } from "./editor";
import { nl as embed } from "./embed";
import type { en } from "./en";
import { nl as panel } from "./panel";
import { nl as runs } from "./runs";
import { nl as settings } from "./settings";
import { nl as templates } from "./templates";
import type { Texts } from "./texts";

export const nl: Texts<typeof en> = {
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
};
