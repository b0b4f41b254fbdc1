import type { VersionItem } from "@client";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useParams, useSearchParams } from "wouter";
import { useApi } from "../api";
import { cursorOf } from "../api/pages";
import { useLocale } from "../i18n";
import {
  Badge,
  ButtonLink,
  download,
  Empty,
  Loading,
  Menu,
  More,
  Page,
  Problem,
  Select,
  Time,
  useConfirm,
  useToast,
} from "../ui";
import { DiffView } from "./DiffView";
import { NoteDialog } from "./NoteDialog";
import { usePaths } from "./paths";
import "./runs.css";
import "./versions.css";

/** What every save of an automation has kept: compared, brought back, put live. */
export function VersionsPage() {
  const { id = "" } = useParams();
  const { t } = useLocale();
  const api = useApi();
  const paths = usePaths();
  const [query, setQuery] = useSearchParams();
  const automation = useQuery({
    queryKey: ["automations", id],
    queryFn: ({ signal }) => api.workflows.getAutomation(id, { signal }),
  });
  const versions = useInfiniteQuery({
    queryKey: ["automations", id, "versions"],
    queryFn: ({ signal, pageParam }) =>
      api.workflows.getVersions(id, { limit: 50, cursor: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: cursorOf,
  });
  const found = versions.data?.pages.flatMap((page) => page.data) ?? [];
  const newest = found[0]?.version ?? 0;
  const version = numberIn(query, "version") ?? newest;
  const against = numberIn(query, "against") ?? Math.max(0, version - 1);
  const name = automation.data?.name ?? "";
  const choose = (chosen: number, other?: number) =>
    setQuery(
      other === undefined ? { version: String(chosen) } : { version: String(chosen), against: String(other) },
    );
  const pinned = found.some((one) => one.isLive && one.version !== newest);
  return (
    <Page
      title={name === "" ? t("runs.versions") : t("runs.versionsOf", name)}
      back={{ to: paths.automation(id), label: t("runs.backToEditor") }}
      actions={
        <ButtonLink to={paths.runsOf(id)} icon="chart">
          {t("runs.title")}
        </ButtonLink>
      }
    >
      {versions.isError ? <Problem error={versions.error} onRetry={() => void versions.refetch()} /> : null}
      {versions.isPending ? <Loading /> : null}
      {versions.data !== undefined && found.length === 0 ? <Empty title={t("runs.noVersions")} /> : null}
      {found.length === 0 ? null : (
        <div className="versions-page">
          <section aria-label={t("runs.history")} className="versions-list">
            <ol reversed start={found.length}>
              {found.map((one) => (
                <Entry
                  key={one.version}
                  automationId={id}
                  item={one}
                  newest={newest}
                  chosen={one.version === version}
                  pinned={pinned}
                  onChoose={() => choose(one.version)}
                />
              ))}
            </ol>
            <More query={versions} />
          </section>
          <section className="versions-compare">
            <div className="row">
              <h2>{t("runs.diff.title")}</h2>
              <Select
                aria-label={t("runs.diff.old")}
                value={String(against)}
                onChange={(value) => choose(version, Number(value))}
                options={[
                  ...found.map((one) => ({
                    value: String(one.version),
                    label: t("runs.versionNumber", one.version),
                  })),
                  { value: "0", label: t("runs.diff.empty") },
                ]}
              />
              <span aria-hidden="true">→</span>
              <Select
                aria-label={t("runs.diff.new")}
                value={String(version)}
                onChange={(value) => choose(Number(value), against)}
                options={found.map((one) => ({
                  value: String(one.version),
                  label: t("runs.versionNumber", one.version),
                }))}
              />
            </div>
            <DiffView key={`${version} ${against}`} automationId={id} version={version} against={against} />
          </section>
        </div>
      )}
    </Page>
  );
}

type EntryProps = {
  readonly automationId: string;
  readonly item: VersionItem;
  readonly newest: number;
  readonly chosen: boolean;
  readonly pinned: boolean;
  readonly onChoose: () => void;
};

function Entry({ automationId, item, newest, chosen, pinned, onChoose }: EntryProps) {
  const { t, number } = useLocale();
  const [noting, setNoting] = useState(false);
  const doing = useVersionActions(automationId, item.version);
  const items = [
    ...(item.version === newest
      ? []
      : [{ label: t("runs.restore"), icon: "undo" as const, onSelect: () => void doing.restore(newest) }]),
    ...(item.isLive && pinned
      ? []
      : [{ label: t("runs.publish"), icon: "rocket" as const, onSelect: () => void doing.publish() }]),
    ...(item.isLive && pinned
      ? [{ label: t("runs.unpin"), icon: "pin" as const, onSelect: () => void doing.unpin() }]
      : []),
    { label: t("runs.editNote"), icon: "edit" as const, onSelect: () => setNoting(true) },
    { label: t("runs.download"), icon: "download" as const, onSelect: () => doing.download() },
  ];
  return (
    <li className={chosen ? "versions-entry versions-entry-chosen" : "versions-entry"}>
      <button type="button" className="versions-choose" aria-current={chosen || undefined} onClick={onChoose}>
        <span className="row">
          <strong>{t("runs.versionNumber", item.version)}</strong>
          {item.isLive ? <Badge tone="good">{t("runs.live")}</Badge> : null}
          {item.restoredFrom ? <Badge>{t("runs.restoredFrom", item.restoredFrom)}</Badge> : null}
        </span>
        <span className="muted">
          <Time at={item.createdAt} />
          {item.savedByName ? (
            <>
              {" · "}
              <bdi>{item.savedByName}</bdi>
            </>
          ) : null}
          {" · "}
          {t("count.blocks", item.blocks)}
        </span>
        {item.note === "" ? null : (
          <span className="versions-note">
            <bdi>{item.note}</bdi>
          </span>
        )}
      </button>
      <Menu label={t("runs.versionMenu", number(item.version))} items={items} />
      {noting ? (
        <NoteDialog
          automationId={automationId}
          version={item.version}
          note={item.note}
          onClose={() => setNoting(false)}
        />
      ) : null}
    </li>
  );
}

function useVersionActions(automationId: string, version: number) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const acting = useMutation({
    mutationFn: async (act: () => Promise<string>) => act(),
    onSuccess: (told) => toast.say(told),
    onError: (error) => toast.fail(error),
    onSettled: () => queries.invalidateQueries({ queryKey: ["automations", automationId] }),
  });
  return {
    restore: async (newest: number) => {
      const sure = await confirm({
        title: t("runs.restoreTitle", version),
        text: t("runs.restoreText", newest),
        action: t("runs.restore"),
      });
      if (!sure) return;
      acting.mutate(async () => {
        const made = await api.workflows.restoreVersion(automationId, version, {});
        return t("runs.restored", version, made.version);
      });
    },
    publish: async () => {
      const sure = await confirm({
        title: t("runs.publishTitle", version),
        text: t("runs.publishText"),
        action: t("runs.publish"),
      });
      if (!sure) return;
      acting.mutate(async () => {
        await api.workflows.publishVersion(automationId, version);
        return t("runs.published", version);
      });
    },
    unpin: async () => {
      const sure = await confirm({
        title: t("runs.unpinTitle"),
        text: t("runs.unpinText"),
        action: t("runs.unpin"),
      });
      if (!sure) return;
      acting.mutate(async () => {
        await api.workflows.unpinAutomation(automationId);
        return t("runs.unpinned");
      });
    },
    download: () =>
      acting.mutate(async () => {
        const { workspace } = await api.workflows.getVersion(automationId, version);
        download(`automation-${automationId}-v${version}.json`, JSON.stringify(workspace, null, 2));
        return t("runs.downloaded");
      }),
  };
}

function numberIn(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
