import type { User } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  Empty,
  Loading,
  Menu,
  type MenuItem,
  More,
  Page,
  Problem,
  Search,
  Table,
  useConfirm,
  useDebounced,
  useToast,
} from "../ui";
import { containing } from "./filters";
import { useLinked } from "./lists";
import { useMe } from "./me";
import { PersonForm } from "./PersonForm";
import { SecretOnce } from "./SecretOnce";
import { useStudio } from "./studio";

const TONES = {
  active: "good",
  invited: "info",
  provisioned: "info",
  disabled: "bad",
  deleted: "bad",
} as const;

export function People() {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const [wanted, setWanted] = useState("");
  const settled = useDebounced(wanted.trim());
  const [form, setForm] = useState<User | "new" | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const { query, rows } = useLinked<User>(["users", settled], (next, signal) =>
    api.v1.getUsers(
      { next, limit: 50, sort: "name", filter: containing(["name", "email"], settled) },
      { signal },
    ),
  );
  const add = (
    <Button look="primary" icon="plus" onClick={() => setForm("new")}>
      {t("settings.personNew")}
    </Button>
  );
  return (
    <Page
      title={t("settings.people")}
      about={<p>{t("settings.peopleText")}</p>}
      actions={me.isAdmin ? add : undefined}
    >
      <Search label={t("settings.personFind")} value={wanted} onChange={setWanted} />
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("state.noMatch")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.people")}
          rows={rows}
          keyOf={(user) => user.id}
          columns={[
            {
              id: "name",
              label: t("settings.name"),
              wide: true,
              cell: (user) => (
                <div className="settings-name">
                  <bdi>{user.name || user.subject}</bdi>
                  <bdi className="settings-muted">{user.email}</bdi>
                </div>
              ),
            },
            { id: "roles", label: t("settings.roles"), cell: (user) => <Roles user={user} /> },
            {
              id: "state",
              label: t("settings.state"),
              cell: (user) => (
                <Badge tone={TONES[user.status ?? "active"]}>
                  {t(`settings.user.${user.status ?? "active"}`)}
                </Badge>
              ),
            },
            ...(me.isAdmin
              ? [
                  {
                    id: "do",
                    label: t("action.more"),
                    quiet: true,
                    cell: (user: User) => (
                      <PersonMenu user={user} onEdit={() => setForm(user)} onLink={setLink} />
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      <More query={query} />
      {form === null ? null : (
        <PersonForm
          {...(form === "new" ? {} : { user: form })}
          onClose={() => setForm(null)}
          onLink={setLink}
        />
      )}
      {link === null ? null : (
        <SecretOnce
          title={t("settings.invitation")}
          text={t("settings.invitationText")}
          secrets={[{ label: t("settings.invitationLink"), value: link }]}
          onClose={() => setLink(null)}
        />
      )}
    </Page>
  );
}

function Roles({ user }: { readonly user: User }) {
  const { t } = useLocale();
  const names = (user.assignedRoles ?? []).map(({ name }) =>
    name === "TenantAdmin"
      ? t("settings.role.TenantAdmin")
      : name === "PartnerAdmin"
        ? t("settings.role.PartnerAdmin")
        : name,
  );
  return (
    <ul className="settings-list">
      {names.map((name) => (
        <li key={name}>
          <Badge>{name}</Badge>
        </li>
      ))}
    </ul>
  );
}

type MenuProps = {
  readonly user: User;
  readonly onEdit: () => void;
  readonly onLink: (link: string) => void;
};

function PersonMenu({ user, onEdit, onLink }: MenuProps) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const studio = useStudio();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const settled = {
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["users"] }),
    onError: toast.fail,
  };
  const invite = useMutation({
    mutationFn: () => studio.invite(user.id),
    onSuccess: onLink,
    onError: toast.fail,
  });
  const put = useMutation({
    mutationFn: (status: string) =>
      api.v1.updateUserById(user.id, [{ op: "replace", path: "/status", value: status }]),
    ...settled,
  });
  const remove = useMutation({ mutationFn: () => api.v1.deleteUserById(user.id), ...settled });
  const name = user.name || user.subject;
  const asked = async (what: "Disable" | "Remove") => {
    const text =
      what === "Disable" ? t("settings.personDisableText", name) : t("settings.personRemoveText", name);
    const action = what === "Disable" ? t("settings.personDisable") : t("settings.personRemove");
    return confirm({ title: action, text, action, danger: true });
  };
  const items: MenuItem[] = [
    { label: t("action.edit"), icon: "edit", onSelect: onEdit },
    { label: t("settings.personLink"), icon: "link", onSelect: () => invite.mutate() },
  ];
  if (user.id !== me.id) {
    const off = user.status === "disabled";
    items.push(
      off
        ? { label: t("settings.personEnable"), icon: "check", onSelect: () => put.mutate("active") }
        : {
            label: t("settings.personDisable"),
            icon: "disable",
            danger: true,
            onSelect: () => void asked("Disable").then((yes) => yes && put.mutate("disabled")),
          },
      {
        label: t("settings.personRemove"),
        icon: "trash",
        danger: true,
        onSelect: () => void asked("Remove").then((yes) => yes && remove.mutate()),
      },
    );
  }
  return <Menu label={t("settings.personDo", name)} items={items} />;
}
