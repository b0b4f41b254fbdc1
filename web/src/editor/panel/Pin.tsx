import type { PinnedOutput } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../api";
import { useLocale } from "../../i18n";
import { Badge, Button, Dialog, Icon, JsonView, Problem, TextArea, Time } from "../../ui";
import { usePanel } from "./context";
import { readJson } from "./values";

type Props = {
  readonly pinned: PinnedOutput | undefined;
  /** What can be pinned now. */
  readonly output: { readonly value: unknown } | undefined;
  /** It has not run: a value can be made up for it. */
  readonly blank?: boolean;
};

/** A pinned output stands in for running the block in tests. It can be edited, so that rare cases can be tried. */
export function Pin({ pinned, output, blank = false }: Props) {
  const api = useApi();
  const { t } = useLocale();
  const { editor, block, described } = usePanel();
  const queries = useQueryClient();
  const [editing, setEditing] = useState(false);
  const id = editor.automationId;
  const after = { onSuccess: () => queries.invalidateQueries({ queryKey: ["automations", id, "pins"] }) };
  const put = useMutation({
    mutationFn: (value: unknown) => api.workflows.pinOutput(id, block.id, { output: value }),
    ...after,
  });
  const drop = useMutation({ mutationFn: () => api.workflows.unpinOutput(id, block.id), ...after });
  const able = described.palette?.["pinnable"] !== false && !editor.readOnly;
  const dialog = editing ? (
    <PinDialog
      value={
        pinned === undefined
          ? (output?.value ?? described.operation?.["exampleOutput"] ?? null)
          : pinned.output
      }
      busy={put.isPending}
      error={put.error}
      onClose={() => setEditing(false)}
      onSave={(value) => put.mutate(value, { onSuccess: () => setEditing(false) })}
    />
  ) : null;
  if (pinned !== undefined) {
    return (
      <section className="panel-pin" aria-label={t("panel.pinned")}>
        <p className="panel-facts">
          <Badge tone="info">
            <Icon name="pin" size={12} /> {t("panel.pinned")}
          </Badge>{" "}
          <Time at={pinned.updatedAt} />
        </p>
        <JsonView value={pinned.output} open={1} />
        {able ? (
          <div className="panel-actions">
            <Button icon="edit" onClick={() => setEditing(true)}>
              {t("panel.editPin")}
            </Button>
            <Button icon="close" busy={drop.isPending} onClick={() => drop.mutate()}>
              {t("panel.unpin")}
            </Button>
          </div>
        ) : null}
        {drop.isError ? <Problem error={drop.error} /> : null}
        {dialog}
      </section>
    );
  }
  if (!able) return null;
  if (output === undefined && !blank) return null;
  return (
    <>
      <div className="panel-actions">
        {output === undefined ? null : (
          <Button
            icon="pin"
            busy={put.isPending && !editing}
            onClick={() => put.mutate(output.value ?? null)}
          >
            {t("panel.pin")}
          </Button>
        )}
        <Button look="bare" icon="edit" onClick={() => setEditing(true)}>
          {t("panel.pinOther")}
        </Button>
      </div>
      {put.isError && !editing ? <Problem error={put.error} /> : null}
      {dialog}
    </>
  );
}

type DialogProps = {
  readonly value: unknown;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onClose: () => void;
  readonly onSave: (value: unknown) => void;
};

function PinDialog({ value, busy, error, onClose, onSave }: DialogProps) {
  const { t } = useLocale();
  const [typed, setTyped] = useState(() => JSON.stringify(value, null, 2) ?? "null");
  const read = readJson(typed);
  return (
    <Dialog
      title={t("panel.pinTitle")}
      wide
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            look="primary"
            busy={busy}
            disabled={"error" in read}
            onClick={() => "value" in read && onSave(read.value)}
          >
            {t("panel.pin")}
          </Button>
        </>
      }
    >
      <p className="field-hint">{t("panel.pinText")}</p>
      <TextArea
        className="panel-mono"
        rows={16}
        spellCheck={false}
        aria-label={t("panel.pinTitle")}
        aria-invalid={"error" in read ? true : undefined}
        value={typed}
        onChange={setTyped}
      />
      {"error" in read ? (
        <p className="field-error" role="alert">
          {t("panel.notJson", read.error)}
        </p>
      ) : null}
      {error === null || error === undefined ? null : <Problem error={error} />}
    </Dialog>
  );
}
