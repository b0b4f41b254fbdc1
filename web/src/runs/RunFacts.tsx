import type { RunDetail } from "@client";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useLocale } from "../i18n";
import { Badge, CopyButton, Time } from "../ui";
import { isOver, type RunState, type RunStatus } from "./liveStore";
import { usePaths } from "./paths";
import { contextWord } from "./states";
import { usePerson } from "./usePerson";

type Props = {
  readonly run: RunDetail;
  readonly state: RunState;
  readonly status: RunStatus;
  readonly automationId: string;
};

/** What is known about a run as a whole. */
export function RunFacts({ run, state, status, automationId }: Props) {
  const { t, number } = useLocale();
  const paths = usePaths();
  const person = usePerson(run.executedById);
  const started = state.startedAt ?? run.startTime ?? null;
  const stopped = isOver(status) ? (state.stoppedAt ?? run.stopTime ?? null) : null;
  return (
    <dl className="runs-head">
      <Fact label={t("runs.startedBy")}>
        {contextWord(run.context, t)}
        {person === null ? null : (
          <>
            {" · "}
            <bdi>{person}</bdi>
          </>
        )}
        {run.isTestRun ? (
          <>
            {" "}
            <Badge tone="info">{t("runs.test")}</Badge>
          </>
        ) : null}
      </Fact>
      <Fact label={t("runs.startedAt")}>
        <Time at={started ?? run.createdAt} />
      </Fact>
      <Fact label={t("runs.duration")}>
        <Elapsed from={started} to={stopped} going={!isOver(status)} />
      </Fact>
      {run.version === undefined ? null : (
        <Fact label={t("runs.version")}>
          <Link href={paths.versions(automationId, `?version=${run.version}`)}>
            {t("runs.versionNumber", run.version)}
          </Link>
        </Fact>
      )}
      <Fact label={t("runs.apiCalls")}>{number(state.apiCalls || (run.metrics?.totalApiCalls ?? 0))}</Fact>
      {state.items > 0 ? <Fact label={t("runs.itemsDone")}>{number(state.items)}</Fact> : null}
      {run.attempts !== undefined && run.attempts > 1 ? (
        <Fact label={t("runs.goneOn")}>{number(run.attempts - 1)}</Fact>
      ) : null}
      {run.rerunOf ? (
        <Fact label={t("runs.rerunOf")}>
          <Link href={paths.run(automationId, run.rerunOf)}>{t("runs.earlierRun")}</Link>
        </Fact>
      ) : null}
      {run.traceId ? (
        <Fact label={t("runs.trace")}>
          <code>{run.traceId}</code>
        </Fact>
      ) : null}
      <Fact label={t("runs.id")}>
        <code>{run.id}</code> <CopyButton look="bare" text={run.id} />
      </Fact>
      <Fact label={t("runs.feedLabel")}>{t(`runs.feed.${state.feed}`)}</Fact>
    </dl>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** How long it took, or takes so far. */
export function Elapsed({
  from,
  to,
  going,
}: {
  readonly from: string | null;
  readonly to: string | null;
  readonly going: boolean;
}) {
  const { duration } = useLocale();
  const [now, setNow] = useState(() => Date.now());
  const ticking = going && from !== null && to === null;
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  if (from === null || (to === null && !going)) return <span>–</span>;
  return (
    <span className="runs-number-text">
      {duration(Math.max(0, (to === null ? now : Date.parse(to)) - Date.parse(from)))}
    </span>
  );
}
