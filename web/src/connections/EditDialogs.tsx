import type { ConnectionDetail } from "@client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Dialog, Field, Problem, Select, TextInput } from "../ui";
import { listed } from "./listed";

type Props = {
  readonly connection: ConnectionDetail;
  readonly onClose: () => void;
  readonly onDone: () => void;
};

export function RenameDialog({ connection, onClose, onDone }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const [name, setName] = useState(connection.name);
  return (
    <EditDialog
      title={t("connections.rename")}
      ready={name.trim() !== ""}
      save={() => api.workflows.updateAutomationConnection(connection.id, { name: name.trim() })}
      onClose={onClose}
      onDone={onDone}
    >
      <Field label={t("connections.name")} required>
        {(wired) => <TextInput {...wired} value={name} maxLength={200} onChange={setName} />}
      </Field>
    </EditDialog>
  );
}

export function OwnerDialog({ connection, onClose, onDone }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const [owner, setOwner] = useState(connection.ownerId);
  const users = useQuery({
    queryKey: ["users", "all"],
    queryFn: ({ signal }) => listed(api.v1.allUsers({ limit: 100 }, { signal })),
  });
  return (
    <EditDialog
      title={t("connections.changeOwner")}
      ready={owner !== connection.ownerId}
      save={() => api.workflows.automationConnectionChangeOwner(connection.id, { userId: owner })}
      onClose={onClose}
      onDone={onDone}
    >
      {users.error ? <Problem error={users.error} /> : null}
      <Field label={t("connections.owner")} hint={t("connections.ownerHint")}>
        {(wired) => (
          <Select
            {...wired}
            options={(users.data ?? []).map((user) => ({
              value: user.id,
              label: user.name || user.email || user.id,
            }))}
            value={owner}
            onChange={setOwner}
          />
        )}
      </Field>
    </EditDialog>
  );
}

export function MoveDialog({ connection, onClose, onDone }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const [space, setSpace] = useState(connection.spaceId ?? "");
  const spaces = useQuery({
    queryKey: ["spaces", "all"],
    queryFn: ({ signal }) => listed(api.v1.allSpaces({ limit: 100 }, { signal })),
  });
  return (
    <EditDialog
      title={t("connections.changeSpace")}
      ready={space !== (connection.spaceId ?? "")}
      save={() => api.workflows.automationConnectionChangeSpace(connection.id, { spaceId: space })}
      onClose={onClose}
      onDone={onDone}
    >
      {spaces.error ? <Problem error={spaces.error} /> : null}
      <Field label={t("connections.space")} hint={t("connections.spaceHint")}>
        {(wired) => (
          <Select
            {...wired}
            empty={t("connections.personal")}
            options={(spaces.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
            value={space}
            onChange={setSpace}
          />
        )}
      </Field>
    </EditDialog>
  );
}

type EditProps = {
  readonly title: string;
  readonly ready: boolean;
  readonly save: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly onDone: () => void;
  readonly children: ReactNode;
};

function EditDialog({ title, ready, save, onClose, onDone, children }: EditProps) {
  const { t } = useLocale();
  const saving = useMutation({
    mutationFn: save,
    onSuccess: () => {
      onDone();
      onClose();
    },
  });
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" disabled={!ready} busy={saving.isPending} onClick={() => saving.mutate()}>
            {t("action.save")}
          </Button>
        </>
      }
    >
      {saving.error ? <Problem error={saving.error} /> : null}
      {children}
    </Dialog>
  );
}
