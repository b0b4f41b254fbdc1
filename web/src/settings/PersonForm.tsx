import type { User } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Checkbox, Field, FieldGroup, TextInput, useToast } from "../ui";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";
import { useMe } from "./me";
import { useStudio } from "./studio";

type Props = { readonly user?: User; readonly onClose: () => void; readonly onLink: (link: string) => void };

const OFFERED = ["TenantAdmin", "PartnerAdmin"] as const;

/** A new person, or the name, address and roles of one. */
export function PersonForm({ user, onClose, onLink }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const me = useMe();
  const studio = useStudio();
  const toast = useToast();
  const queryClient = useQueryClient();
  const [name, setName] = useState(user?.name ?? "");
  const [email, setEmail] = useState(user?.email ?? "");
  const [roles, setRoles] = useState<readonly string[]>((user?.assignedRoles ?? []).map((role) => role.name));
  const save = useMutation({
    mutationFn: async () => {
      const assignedRoles = roles.map((role) => ({ name: role }));
      if (user === undefined) return api.v1.createUser({ subject: email, name, email, assignedRoles });
      const known = (user.assignedRoles ?? []).map((role) => role.name);
      const same = known.length === roles.length && known.every((role) => roles.includes(role));
      await api.v1.updateUserById(user.id, [
        ...(name === user.name ? [] : [{ op: "replace", path: "/name", value: name } as const]),
        ...(email === (user.email ?? "") ? [] : [{ op: "replace", path: "/email", value: email } as const]),
        ...(same ? [] : [{ op: "replace", path: "/assignedRoles", value: assignedRoles } as const]),
      ]);
      return null;
    },
    onSuccess: async (made) => {
      void queryClient.invalidateQueries({ queryKey: ["users"] });
      onClose();
      if (made === null) return;
      try {
        onLink(await studio.invite(made.id));
      } catch (error) {
        toast.fail(error);
      }
    },
  });
  const toggle = (role: string, on: boolean) =>
    setRoles(on ? [...roles, role] : roles.filter((one) => one !== role));
  const offered = OFFERED.filter((role) => role !== "PartnerAdmin" || me.isPartnerAdmin);
  return (
    <FormDialog
      title={user === undefined ? t("settings.personNew") : t("settings.personEdit")}
      action={user === undefined ? t("settings.personInvite") : t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["name", "email"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field label={t("settings.email")} required error={faultAt(save.error, "email")}>
        {(wired) => (
          <TextInput {...wired} type="email" autoComplete="off" value={email} onChange={setEmail} />
        )}
      </Field>
      <Field label={t("settings.name")} required error={faultAt(save.error, "name")}>
        {(wired) => <TextInput {...wired} autoComplete="off" value={name} onChange={setName} />}
      </Field>
      <FieldGroup legend={t("settings.roles")}>
        {offered.map((role) => (
          <Checkbox
            key={role}
            label={t(`settings.role.${role}`)}
            hint={t(`settings.roleHint.${role}`)}
            checked={roles.includes(role)}
            disabled={user?.id === me.id}
            onChange={(on) => toggle(role, on)}
          />
        ))}
      </FieldGroup>
      {user === undefined ? <p className="settings-muted">{t("settings.personHow")}</p> : null}
    </FormDialog>
  );
}
