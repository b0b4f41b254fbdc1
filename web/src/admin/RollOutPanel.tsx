import type { RollOut } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Field, Loading, Problem, Select, TextInput, useConfirm, useToast } from "../ui";
import { useFleet, useOemQuery } from "./data";
import { Failures } from "./Failures";
import type { Installed } from "./health";
import { PinDialog } from "./PinDialog";
import { nextStage, progress, reach, STAGES, shareOf, spread, totalOf } from "./rollout";

const WATCHED = 4000;
const RESTING = 30_000;

/** Which versions run where, and how another one gets to the customers: to some, to more, to all, and back. */
export function RollOutPanel({ template }: { readonly template: string }) {
  const { t } = useLocale();
  const state = useOemQuery(
    ["template", template, "roll-out"],
    (oem, signal) => oem.getRollOut(template, { signal }),
    {
      every: WATCHED,
    },
  );
  const fleet = useFleet(template, state.data?.canary_version == null ? RESTING : WATCHED);
  if (state.isPending) return <Loading />;
  if (state.isError) return <Problem error={state.error} onRetry={() => void state.refetch()} />;
  const target = state.data.canary_version ?? state.data.live_version;
  return (
    <>
      <section className="settings-section">
        <h2>{t("admin.spread")}</h2>
        <Spread state={state.data} />
      </section>
      <Steps key={target} template={template} state={state.data} fleet={fleet.rows} />
      <section className="settings-section">
        <h2>{t("admin.progress")}</h2>
        <Progress fleet={fleet.rows} version={target} />
        {fleet.query.isError ? <Problem error={fleet.query.error} /> : null}
        <Failures rows={fleet.rows} />
      </section>
    </>
  );
}

function Spread({ state }: { readonly state: RollOut }) {
  const { t, language } = useLocale();
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  return (
    <>
      <ul className="admin-spread">
        {spread(state).map(({ version, count, share, live, canary }) => (
          <li key={version}>
            <span className="settings-row">
              {t("admin.versionN", version)}
              {live ? <Badge tone="good">{t("admin.live")}</Badge> : null}
              {canary ? <Badge tone="info">{t("admin.canary")}</Badge> : null}
            </span>
            <div className="admin-bar" aria-hidden="true">
              <div style={{ width: `${share * 100}%` }} />
            </div>
            <span className="admin-count">{t("admin.ofAll", count, percent.format(share))}</span>
          </li>
        ))}
      </ul>
      {state.pinned === 0 ? null : <p className="settings-muted">{t("admin.pinnedOnes", state.pinned)}</p>}
    </>
  );
}

function Progress({ fleet, version }: { readonly fleet: readonly Installed[]; readonly version: number }) {
  const { t } = useLocale();
  const { done, total, failing } = progress(fleet, version);
  return (
    <>
      <p role="status">{t("admin.progressText", version, done, total, failing)}</p>
      <progress
        className="admin-progress"
        aria-label={t("admin.progress")}
        value={done}
        max={Math.max(total, 1)}
      />
    </>
  );
}

type StepsProps = {
  readonly template: string;
  readonly state: RollOut;
  readonly fleet: readonly Installed[];
};
type Act = { readonly said: string; readonly kind: "share" | "promote" | "back" };

function Steps({ template, state, fleet }: StepsProps) {
  const { t, language } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const canary = state.canary_version;
  const [version, setVersion] = useState(String(canary ?? state.version));
  const [percent, setPercent] = useState(
    String(100 * (nextStage(canary === null ? 0 : state.canary_share) ?? 1)),
  );
  const [choosing, setChoosing] = useState(false);
  const wanted = Number(version);
  const share = shareOf(percent);
  const act = useMutation({
    mutationFn: async ({ kind }: Act) => {
      const oem = await api.oem();
      if (kind === "share") return oem.putCanary(template, { version: wanted, share: share ?? 0 });
      return kind === "promote" ? oem.promoteVersion(template, { version: wanted }) : oem.rollBack(template);
    },
    onSuccess: (fresh, { said }) => {
      queryClient.setQueryData(["oem", "template", template, "roll-out"], fresh);
      toast.say(said);
      void queryClient.invalidateQueries({ queryKey: ["oem"] });
    },
    onError: toast.fail,
  });
  const format = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const ask = async (kind: "promote" | "back") => {
    const title = kind === "promote" ? t("admin.promote") : t("admin.rollBack");
    const text =
      kind === "promote"
        ? t("admin.promoteText", wanted, totalOf(state) - state.pinned)
        : canary === null
          ? t("admin.rollBackLive", state.live_version)
          : t("admin.rollBackCanary", canary, state.live_version);
    const said = kind === "promote" ? t("admin.promoted", wanted) : t("admin.rolledBack");
    if (await confirm({ title, text, action: title, danger: kind === "back" })) act.mutate({ kind, said });
  };
  const versions = Array.from({ length: state.version }, (_, index) => String(state.version - index)).slice(
    0,
    100,
  );
  return (
    <section className="settings-section admin-panel" aria-label={t("admin.rollOut")}>
      <h2>{t("admin.rollOut")}</h2>
      <div className="settings-row">
        <Field label={t("admin.version")}>
          {(wired) => (
            <Select
              {...wired}
              value={version}
              onChange={setVersion}
              options={versions.map((value) => ({ value, label: t("admin.versionN", Number(value)) }))}
            />
          )}
        </Field>
        <Field label={t("admin.share")} error={share === null ? t("admin.shareWrong") : undefined}>
          {(wired) => <TextInput {...wired} inputMode="decimal" value={percent} onChange={setPercent} />}
        </Field>
        <div className="settings-row" role="group" aria-label={t("admin.stages")}>
          {STAGES.map((stage) => (
            <Button
              key={stage}
              aria-pressed={share === stage}
              onClick={() => setPercent(String(stage * 100))}
            >
              {format.format(stage)}
            </Button>
          ))}
        </div>
      </div>
      <p role="status">{share === null ? "" : t("admin.reaches", reach(state, share), totalOf(state))}</p>
      <div className="settings-row">
        <Button
          look="primary"
          icon="rocket"
          busy={act.isPending}
          disabled={share === null}
          onClick={() =>
            act.mutate({ kind: "share", said: t("admin.rolledOut", wanted, format.format(share ?? 0)) })
          }
        >
          {t("admin.rollOutTo", share === null ? "–" : format.format(share))}
        </Button>
        <Button icon="people" onClick={() => setChoosing(true)}>
          {t("admin.rollOutChosen")}
        </Button>
        <Button icon="check" busy={act.isPending} onClick={() => void ask("promote")}>
          {t("admin.promote")}
        </Button>
        <Button look="danger" icon="undo" busy={act.isPending} onClick={() => void ask("back")}>
          {t("admin.rollBack")}
        </Button>
      </div>
      {choosing ? <PinDialog fleet={fleet} version={wanted} onClose={() => setChoosing(false)} /> : null}
    </section>
  );
}
