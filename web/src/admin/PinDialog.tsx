import { useState } from "react";
import { useLocale } from "../i18n";
import { Checkbox, Search } from "../ui";
import { BulkDialog } from "./BulkDialog";
import type { Installed } from "./health";

type Props = { readonly fleet: readonly Installed[]; readonly version: number; readonly onClose: () => void };

/** A version for customers that somebody chooses: their integrations are pinned to it. */
export function PinDialog({ fleet, version, onClose }: Props) {
  const { t } = useLocale();
  const [wanted, setWanted] = useState("");
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const text = wanted.trim().toLowerCase();
  const rows = fleet.filter(({ account }) =>
    `${account.name}\n${account.externalId}`.toLowerCase().includes(text),
  );
  const tick = (guids: readonly string[], on: boolean) => {
    const next = new Set(ticked);
    for (const guid of guids) {
      if (on) next.add(guid);
      else next.delete(guid);
    }
    setTicked(next);
  };
  const items = fleet
    .filter(({ guid }) => ticked.has(guid))
    .map(({ guid, account }) => ({ account: account.guid, accountName: account.name, blend: guid }));
  return (
    <BulkDialog
      title={t("admin.rollOutChosen")}
      action={t("admin.pin", version)}
      text={<p>{t("admin.pinText", version)}</p>}
      disabled={items.length === 0}
      items={items}
      call={(oem, some, signal) =>
        oem.bulkUpdate(
          { items: some.map(({ account, blend }) => ({ account, blend })), pinned_version: version },
          {},
          { signal },
        )
      }
      onClose={onClose}
    >
      <Search label={t("admin.customerFind")} value={wanted} onChange={setWanted} />
      <Checkbox
        label={t("admin.pickFound", rows.length)}
        checked={rows.length > 0 && rows.every(({ guid }) => ticked.has(guid))}
        onChange={(on) =>
          tick(
            rows.map(({ guid }) => guid),
            on,
          )
        }
      />
      <fieldset className="admin-pick">
        <legend className="visually-hidden">{t("admin.customers")}</legend>
        {rows.slice(0, 200).map((one) => (
          <Checkbox
            key={one.guid}
            label={<bdi>{one.account.name}</bdi>}
            hint={t("admin.runsVersion", one.version)}
            checked={ticked.has(one.guid)}
            onChange={(on) => tick([one.guid], on)}
          />
        ))}
      </fieldset>
    </BulkDialog>
  );
}
