import type { AutomationItem } from "@client";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { cursorOf } from "../api/pages";
import { useLocale } from "../i18n";
import type { RunStatus } from "../runs/live";
import { RunBadge } from "../runs/states";
import { useSession } from "../session/Session";
import {
  Button,
  Checkbox,
  type Column,
  Empty,
  Loading,
  Menu,
  More,
  Page,
  Problem,
  Search,
  Select,
  Switch,
  Table,
  Time,
  useConfirm,
  useDebounced,
  useToast,
} from "../ui";
import { CreateDialog } from "./creating";
import { forget } from "./drafts";
import { filterOf } from "./filters";
import "./list.css";

const SORTS = { updated: "-updatedAt", name: "+name", lastRun: "-lastRunAt", created: "-createdAt" } as const;
type Sort = keyof typeof SORTS;
const MODES = ["manual", "scheduled", "triggered", "webhook"] as const;
const STATUSES = ["finished", "finished with warnings", "failed", "running", "stopped"] as const;

/** All automations of the account that one may see. */
export function ListPage() {
  const { t } = useLocale();
  const api = useApi();
  const session = useSession();
  const [words, setWords] = useState("");
  const [mode, setMode] = useState("");
  const [status, setStatus] = useState("");
  const [sort, setSort] = useState<Sort>("updated");
  const [everybody, setEverybody] = useState(false);
  const [making, setMaking] = useState(false);
  const filter = filterOf(useDebounced(words), mode, status);
  const query = useInfiniteQuery({
    queryKey: ["automations", "list", { filter, sort, everybody }],
    queryFn: ({ signal, pageParam }) =>
      api.workflows.getAutomations(
        { filter, sort: SORTS[sort], limit: 50, cursor: pageParam, ...(everybody ? { listAll: true } : {}) },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: cursorOf,
    placeholderData: (before) => before,
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const columns = useColumns(everybody);
  const filtered = filter !== undefined;
  const create = {
    onClick: () => setMaking(true),
    onFocus: () => void CreateDialog.fetch(),
    onPointerEnter: () => void CreateDialog.fetch(),
  };
  return (
    <Page
      title={t("nav.automations")}
      actions={
        <Button look="primary" icon="plus" {...create}>
          {t("editor.new")}
        </Button>
      }
    >
      <div className="toolbar">
        <Search label={t("editor.searchList")} value={words} onChange={setWords} />
        <Select
          aria-label={t("editor.runMode")}
          value={mode}
          empty={t("editor.all")}
          options={MODES.map((value) => ({ value, label: t(`editor.runMode.${value}`) }))}
          onChange={setMode}
        />
        <Select
          aria-label={t("editor.lastRun")}
          value={status}
          empty={t("editor.allStates")}
          options={STATUSES.map((value) => ({ value, label: t(`editor.last.${value}`) }))}
          onChange={setStatus}
        />
        <Select
          aria-label={t("editor.sort")}
          value={sort}
          options={(Object.keys(SORTS) as Sort[]).map((value) => ({
            value,
            label: `${t("editor.sort")}: ${t(`editor.sort.${value}`)}`,
          }))}
          onChange={(value) => setSort(value as Sort)}
        />
        {session.admin ? (
          <Checkbox label={t("editor.showAll")} checked={everybody} onChange={setEverybody} />
        ) : null}
      </div>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? (
        filtered ? (
          <Empty title={t("state.noMatch")} />
        ) : (
          <Empty
            title={t("editor.none")}
            text={t("editor.noneText")}
            action={
              <Button look="primary" icon="plus" {...create}>
                {t("editor.new")}
              </Button>
            }
          />
        )
      ) : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("nav.automations")}
          columns={columns}
          rows={rows}
          keyOf={(row) => row.id}
          to={(row) => `/${row.id}`}
        />
      )}
      <More query={query} />
      <Suspense>{making ? <CreateDialog onClose={() => setMaking(false)} /> : null}</Suspense>
    </Page>
  );
}

function useColumns(everybody: boolean): readonly Column<AutomationItem>[] {
  const { t } = useLocale();
  const session = useSession();
  const api = useApi();
  const people = useQuery({
    queryKey: ["users", "names"],
    queryFn: async ({ signal }) => {
      const found = new Map<string, string>();
      for await (const user of api.v1.allUsers({ limit: 100 }, { signal })) {
        found.set(user.id, user.name ?? user.id);
        if (found.size >= 1000) break;
      }
      return found;
    },
    enabled: everybody,
    staleTime: 300_000,
  });
  const owner = (row: AutomationItem) =>
    row.ownerId === session.user.id
      ? t("editor.you")
      : (people.data?.get(row.ownerId) ?? row.ownerId.slice(0, 8));
  return [
    {
      id: "name",
      label: t("editor.name"),
      wide: true,
      cell: (row) => <bdi>{row.name}</bdi>,
    },
    { id: "mode", label: t("editor.runMode"), cell: (row) => t(`editor.runMode.${row.runMode}`) },
    {
      id: "last",
      label: t("editor.lastRun"),
      cell: (row) =>
        row.lastRunStatus === undefined ? (
          <span className="muted">{t("editor.never")}</span>
        ) : (
          <span className="editor-list-last">
            <RunBadge status={statusOf(row.lastRunStatus)} /> <Time at={row.lastRunAt} />
          </span>
        ),
    },
    { id: "owner", label: t("editor.owner"), cell: (row) => <bdi>{owner(row)}</bdi> },
    { id: "updated", label: t("editor.updated"), cell: (row) => <Time at={row.updatedAt} /> },
    { id: "state", label: t("editor.enabled"), cell: (row) => <EnabledSwitch row={row} /> },
    {
      id: "actions",
      label: t("editor.actions"),
      quiet: true,
      align: "end",
      cell: (row) => <RowActions row={row} />,
    },
  ];
}

function statusOf(status: NonNullable<AutomationItem["lastRunStatus"]>): RunStatus {
  return status;
}

function EnabledSwitch({ row }: { readonly row: AutomationItem }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (on: boolean) =>
      on ? api.workflows.enableAutomation(row.id) : api.workflows.disableAutomation(row.id),
    onSuccess: (_, on) => toast.say(t(on ? "editor.nowOn" : "editor.nowOff", row.name)),
    onError: (error) => toast.fail(error),
    onSettled: () => queries.invalidateQueries({ queryKey: ["automations", "list"] }),
  });
  const on = change.isPending ? change.variables : row.state !== "disabled";
  return (
    <Switch
      bare
      label={t("editor.enabledOf", row.name)}
      checked={on}
      onChange={(wanted) => change.mutate(wanted)}
    />
  );
}

function RowActions({ row }: { readonly row: AutomationItem }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const again = () => queries.invalidateQueries({ queryKey: ["automations", "list"] });
  const copy = useMutation({
    mutationFn: () => api.workflows.copyAutomation(row.id, { name: t("editor.copyOf", row.name) }),
    onSuccess: () => {
      toast.say(t("editor.copied", row.name));
      void again();
    },
    onError: (error) => toast.fail(error),
  });
  const remove = useMutation({
    mutationFn: () => api.workflows.deleteAutomation(row.id),
    onSuccess: () => {
      forget(row.id);
      toast.say(t("editor.deleted", row.name));
      void again();
    },
    onError: (error) => toast.fail(error),
  });
  const ask = async () => {
    const sure = await confirm({
      title: t("editor.deleteAsk", row.name),
      text: t("editor.deleteText"),
      action: t("action.delete"),
      danger: true,
    });
    if (sure) remove.mutate();
  };
  return (
    <Menu
      label={t("editor.actionsOf", row.name)}
      items={[
        { label: t("editor.open"), icon: "open", onSelect: () => navigate(`/${row.id}`) },
        { label: t("editor.runs"), icon: "chart", onSelect: () => navigate(`/${row.id}/runs`) },
        { label: t("editor.history"), icon: "history", onSelect: () => navigate(`/${row.id}/versions`) },
        { label: t("editor.copy"), icon: "copy", onSelect: () => copy.mutate() },
        { label: t("editor.delete"), icon: "trash", danger: true, onSelect: () => void ask() },
      ]}
    />
  );
}
