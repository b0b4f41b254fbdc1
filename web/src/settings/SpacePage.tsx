import type { Space } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  Field,
  Loading,
  Page,
  Problem,
  TextArea,
  TextInput,
  useConfirm,
  useToast,
} from "../ui";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";
import { Members } from "./Members";

export function SpacePage({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const [, go] = useLocation();
  const [editing, setEditing] = useState(false);
  const back = { to: "/spaces", label: t("settings.spaces") };
  const space = useQuery({
    queryKey: ["spaces", id],
    queryFn: ({ signal }) => api.v1.getSpaceById(id, { signal }),
  });
  const remove = useMutation({
    mutationFn: () => api.v1.deleteSpaceById(id),
    onSuccess: () => {
      go("/spaces");
      void queryClient.invalidateQueries({ queryKey: ["spaces", "list"] });
    },
    onError: toast.fail,
  });
  if (space.isPending) return <Loading />;
  if (space.isError) {
    return (
      <Page title={t("settings.spaces")} back={back}>
        <Problem error={space.error} onRetry={() => void space.refetch()} />
      </Page>
    );
  }
  const { name, description, type, meta } = space.data;
  const may = (action: Space["meta"]["actions"][number]) => meta.actions.includes(action);
  const ask = async () => {
    const action = t("action.delete");
    if (
      await confirm({
        title: t("settings.spaceDelete"),
        text: t("settings.spaceDeleteText", name),
        action,
        danger: true,
      })
    ) {
      remove.mutate();
    }
  };
  return (
    <Page
      title={name}
      back={back}
      about={<Badge>{t(`settings.space.${type}`)}</Badge>}
      actions={
        <>
          {may("update") ? (
            <Button icon="edit" onClick={() => setEditing(true)}>
              {t("action.edit")}
            </Button>
          ) : null}
          {may("delete") ? (
            <Button look="danger" icon="trash" busy={remove.isPending} onClick={() => void ask()}>
              {t("action.delete")}
            </Button>
          ) : null}
        </>
      }
    >
      {description ? <p>{description}</p> : null}
      <Members space={space.data} manages={may("update")} />
      {editing ? <SpaceEdit space={space.data} onClose={() => setEditing(false)} /> : null}
    </Page>
  );
}

function SpaceEdit({ space, onClose }: { readonly space: Space; readonly onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [name, setName] = useState(space.name);
  const [description, setDescription] = useState(space.description);
  const save = useMutation({
    mutationFn: () => api.v1.updateSpaceById(space.id, { name, description }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["spaces"] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("settings.spaceEdit")}
      action={t("action.save")}
      busy={save.isPending}
      error={faultElsewhere(save.error, ["name", "description"])}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field label={t("settings.name")} required error={faultAt(save.error, "name")}>
        {(wired) => <TextInput {...wired} maxLength={256} value={name} onChange={setName} />}
      </Field>
      <Field label={t("settings.description")} error={faultAt(save.error, "description")}>
        {(wired) => <TextArea {...wired} value={description} onChange={setDescription} />}
      </Field>
    </FormDialog>
  );
}
