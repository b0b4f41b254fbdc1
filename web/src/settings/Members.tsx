import type { Assignment, Space, User } from "@client";
import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Button,
  Checkbox,
  Combobox,
  Empty,
  Field,
  FieldGroup,
  Loading,
  More,
  Problem,
  Table,
  useConfirm,
  useDebounced,
  useToast,
} from "../ui";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";
import { containing } from "./filters";
import { useLinked } from "./lists";

type Role = Assignment["roles"][number];

/** Who is in a space, with which roles. */
export function Members({ space, manages }: { readonly space: Space; readonly manages: boolean }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [form, setForm] = useState<Assignment | "new" | null>(null);
  const key = ["spaces", space.id, "members"];
  const { query, rows } = useLinked<Assignment>(key, (next, signal) =>
    api.v1.getSpaceAssignments(space.id, { next, limit: 50 }, { signal }),
  );
  const people = useQueries({
    queries: rows.map((row) => ({
      queryKey: ["users", "one", row.assigneeId],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.v1.getUserById(row.assigneeId, { fields: "id,name,email" }, { signal }),
      staleTime: 60_000,
    })),
    combine: (found) =>
      new Map(found.flatMap(({ data }) => (data === undefined ? [] : [[data.id, data] as const]))),
  });
  const nameOf = (row: Assignment) => people.get(row.assigneeId)?.name ?? row.assigneeId;
  const remove = useMutation({
    mutationFn: (id: string) => api.v1.deleteSpaceAssignmentById(space.id, id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: key }),
    onError: toast.fail,
  });
  const ask = async (row: Assignment) => {
    const action = t("settings.memberRemove");
    if (
      await confirm({
        title: action,
        text: t("settings.memberRemoveText", nameOf(row)),
        action,
        danger: true,
      })
    ) {
      remove.mutate(row.id);
    }
  };
  return (
    <section className="settings-section">
      <div className="settings-head">
        <h2>{t("settings.members")}</h2>
        {manages ? (
          <Button icon="plus" onClick={() => setForm("new")}>
            {t("settings.memberAdd")}
          </Button>
        ) : null}
      </div>
      <p>{space.ownerId ? t("settings.membersText") : t("settings.membersOpen")}</p>
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? <Empty title={t("settings.membersNone")} /> : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.members")}
          rows={rows}
          keyOf={(row) => row.id}
          columns={[
            { id: "name", label: t("settings.name"), wide: true, cell: (row) => <bdi>{nameOf(row)}</bdi> },
            {
              id: "roles",
              label: t("settings.roles"),
              cell: (row) => row.roles.map((role) => t(`settings.spaceRole.${role}`)).join(", "),
            },
            ...(manages
              ? [
                  {
                    id: "do",
                    label: t("action.more"),
                    quiet: true,
                    cell: (row: Assignment) => (
                      <div className="settings-row">
                        <Button
                          aria-label={t("settings.memberEdit", nameOf(row))}
                          onClick={() => setForm(row)}
                        >
                          {t("action.edit")}
                        </Button>
                        <Button
                          look="danger"
                          aria-label={t("settings.memberRemoveOne", nameOf(row))}
                          onClick={() => void ask(row)}
                        >
                          {t("settings.memberRemove")}
                        </Button>
                      </div>
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      <More query={query} />
      {form === null ? null : (
        <MemberForm
          space={space}
          {...(form === "new" ? {} : { member: form })}
          onClose={() => setForm(null)}
        />
      )}
    </section>
  );
}

function MemberForm({ space, member, onClose }: { space: Space; member?: Assignment; onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [assigneeId, setAssigneeId] = useState(member?.assigneeId ?? "");
  const [roles, setRoles] = useState<readonly Role[]>(member?.roles ?? []);
  const [wanted, setWanted] = useState("");
  const settled = useDebounced(wanted.trim());
  const users = useQuery({
    queryKey: ["users", "find", settled],
    queryFn: ({ signal }) =>
      api.v1.getUsers(
        { limit: 20, sort: "name", filter: containing(["name", "email"], settled) },
        { signal },
      ),
    enabled: member === undefined,
  });
  const save = useMutation({
    mutationFn: () =>
      member === undefined
        ? api.v1.createSpaceAssignment(space.id, { type: "user", assigneeId, roles: [...roles] })
        : api.v1.updateSpaceAssignmentById(space.id, member.id, { roles: [...roles] }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["spaces", space.id, "members"] });
      onClose();
    },
  });
  const option = (user: User) => ({
    value: user.id,
    label: user.name || user.subject,
    ...(user.email ? { hint: user.email } : {}),
  });
  return (
    <FormDialog
      title={member === undefined ? t("settings.memberAdd") : t("settings.memberRoles")}
      action={t("action.save")}
      busy={save.isPending}
      disabled={assigneeId === "" || roles.length === 0}
      error={faultElsewhere(save.error, ["assigneeId", "roles"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      {member === undefined ? (
        <Field label={t("settings.person")} required error={faultAt(save.error, "assigneeId")}>
          {(wired) => (
            <Combobox
              {...wired}
              options={(users.data?.data ?? []).map(option)}
              value={assigneeId}
              onChange={setAssigneeId}
              onQuery={setWanted}
              busy={users.isFetching}
            />
          )}
        </Field>
      ) : null}
      <FieldGroup legend={t("settings.roles")} hint={faultAt(save.error, "roles")}>
        {space.meta.assignableRoles.map((role) => (
          <Checkbox
            key={role}
            label={t(`settings.spaceRole.${role}`)}
            hint={t(`settings.spaceRoleHint.${role}`)}
            checked={roles.includes(role)}
            onChange={(on) => setRoles(on ? [...roles, role] : roles.filter((one) => one !== role))}
          />
        ))}
      </FieldGroup>
    </FormDialog>
  );
}
