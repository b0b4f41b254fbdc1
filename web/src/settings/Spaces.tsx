import type { Space } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  Empty,
  Field,
  Loading,
  More,
  Page,
  Problem,
  Search,
  Select,
  Table,
  TextArea,
  TextInput,
  Time,
  useDebounced,
} from "../ui";
import { FormDialog } from "./FormDialog";
import { faultAt, faultElsewhere } from "./faults";
import { useLinked } from "./lists";

export const KINDS = ["shared", "managed", "data"] as const;

export function Spaces() {
  const { t } = useLocale();
  const api = useApi();
  const [wanted, setWanted] = useState("");
  const [making, setMaking] = useState(false);
  const name = useDebounced(wanted.trim());
  const { query, rows } = useLinked<Space>(["spaces", "list", name], (next, signal) =>
    api.v1.getSpaces({ next, limit: 50, sort: "name", ...(name === "" ? {} : { name }) }, { signal }),
  );
  return (
    <Page
      title={t("settings.spaces")}
      about={<p>{t("settings.spacesText")}</p>}
      actions={
        <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
          {t("settings.spaceNew")}
        </Button>
      }
    >
      <Search label={t("settings.spaceFind")} value={wanted} onChange={setWanted} />
      {query.isPending ? <Loading /> : null}
      {query.isError ? <Problem error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && rows.length === 0 ? (
        <Empty title={name === "" ? t("settings.spacesNone") : t("state.noMatch")} />
      ) : null}
      {rows.length === 0 ? null : (
        <Table
          caption={t("settings.spaces")}
          rows={rows}
          keyOf={(space) => space.id}
          to={(space) => `/spaces/${space.id}`}
          columns={[
            { id: "name", label: t("settings.name"), wide: true, cell: (space) => <bdi>{space.name}</bdi> },
            {
              id: "kind",
              label: t("settings.kind"),
              cell: (space) => <Badge>{t(`settings.space.${space.type}`)}</Badge>,
            },
            { id: "at", label: t("settings.created"), cell: (space) => <Time at={space.createdAt} /> },
          ]}
        />
      )}
      <More query={query} />
      {making ? <SpaceForm onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

function SpaceForm({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLocale();
  const api = useApi();
  const queryClient = useQueryClient();
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [type, setType] = useState<(typeof KINDS)[number]>("shared");
  const make = useMutation({
    mutationFn: () => api.v1.createSpace({ name, description, type }),
    onSuccess: (space) => {
      void queryClient.invalidateQueries({ queryKey: ["spaces"] });
      onClose();
      go(`/spaces/${space.id}`);
    },
  });
  return (
    <FormDialog
      title={t("settings.spaceNew")}
      action={t("settings.spaceMake")}
      busy={make.isPending}
      error={faultElsewhere(make.error, ["name", "description", "type"])}
      onSubmit={() => make.mutate()}
      onClose={onClose}
    >
      <Field label={t("settings.name")} required error={faultAt(make.error, "name")}>
        {(wired) => <TextInput {...wired} maxLength={256} value={name} onChange={setName} />}
      </Field>
      <Field label={t("settings.description")} error={faultAt(make.error, "description")}>
        {(wired) => <TextArea {...wired} value={description} onChange={setDescription} />}
      </Field>
      <Field label={t("settings.kind")} hint={t(`settings.spaceHint.${type}`)}>
        {(wired) => (
          <Select
            {...wired}
            value={type}
            onChange={(value) => setType(value as typeof type)}
            options={KINDS.map((value) => ({ value, label: t(`settings.space.${value}`) }))}
          />
        )}
      </Field>
    </FormDialog>
  );
}
