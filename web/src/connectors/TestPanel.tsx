import type { CalledBlock } from "@client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useMemo, useState } from "react";
import { useApi } from "../api";
import { ConnectionSelect } from "../connections/ConnectionSelect";
import { useLocale } from "../i18n";
import { Badge, Button, Combobox, Field, Loading, Problem, useConfirm } from "../ui";
import { PATIENT } from "./api";
import { InputForm } from "./InputForm";
import { collect, type Drafts, startOf } from "./inputs";
import type { Manifest } from "./manifest";
import { blockKind } from "./names";
import { Outcome } from "./Outcome";
import { FIRST, following, type Slice } from "./slices";
import "./testing.css";

type Props = {
  readonly connectorId: string;
  readonly manifest: Manifest;
  readonly block: string;
  readonly onBlock: (block: string) => void;
};

/** Calls one block with a connection, and shows everything about it. */
export function TestPanel({ connectorId, manifest, block, onBlock }: Props) {
  const { t } = useLocale();
  const [connection, setConnection] = useState("");
  const blocks = manifest.blocks ?? [];
  return (
    <div className="stack">
      <div className="connectors-choose">
        <Field label={t("connectors.connection")} required>
          {(wired) => (
            <ConnectionSelect
              connectorId={connectorId}
              value={connection}
              onChange={setConnection}
              wired={wired}
            />
          )}
        </Field>
        <Field label={t("connectors.block")} required>
          {(wired) => (
            <Combobox
              {...wired}
              label={t("connectors.block")}
              placeholder={t("connectors.chooseBlock")}
              options={blocks.map((one) => ({
                value: one.id,
                label: one.name || one.id,
                hint: blockKind(one.kind ?? "action", t),
              }))}
              value={block}
              onChange={onBlock}
            />
          )}
        </Field>
      </div>
      {block === "" ? null : (
        <Call key={block} connectorId={connectorId} connection={connection} block={block} />
      )}
    </div>
  );
}

type CallProps = { readonly connectorId: string; readonly connection: string; readonly block: string };
type Asked = { readonly slice: Slice; readonly inputs: Record<string, unknown> };

function Call({ connectorId, connection, block }: CallProps) {
  const { t } = useLocale();
  const api = useApi();
  const confirm = useConfirm();
  const form = useId();
  const [drafts, setDrafts] = useState<Drafts>({});
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  /** The slices that led here, so that one can go back. */
  const [before, setBefore] = useState<readonly Slice[]>([]);
  const query = useQuery({
    queryKey: ["connectors", connectorId, "block", block],
    queryFn: ({ signal }) => api.workflows.getConnectorBlock(connectorId, block, { signal }),
  });
  const call = useMutation({
    mutationFn: ({ slice, inputs }: Asked): Promise<CalledBlock> =>
      api.workflows.callConnectionBlock(
        connection,
        block,
        {
          inputs,
          offset: slice.offset,
          confirm: query.data?.writes === true,
          ...(slice.cursor && { cursor: slice.cursor }),
        },
        PATIENT,
      ),
  });
  const found = query.data;
  useEffect(() => {
    if (found !== undefined) setDrafts((typed) => ({ ...startOf(found.inputs), ...typed }));
  }, [found]);
  const collected = useMemo(() => collect(found?.inputs ?? [], drafts), [found, drafts]);
  if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (found === undefined) return <Loading />;

  const run = async () => {
    const wrong = [
      ...collected.missing.map((path) => [path, t("connections.missing")] as const),
      ...collected.wrong.map((path) => [path, t("connectors.wrongValue")] as const),
    ];
    setProblems(Object.fromEntries(wrong));
    if (wrong.length > 0) {
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>(`#${CSS.escape(form)} [aria-invalid]`)?.focus(),
      );
      return;
    }
    if (found.writes) {
      const sure = await confirm({
        title: t("connectors.writesTitle", found.name),
        text: t("connectors.writesText"),
        action: t("connectors.callIt"),
        danger: found.kind === "delete",
      });
      if (!sure) return;
    }
    setBefore([]);
    call.mutate({ slice: FIRST, inputs: { ...collected.values } });
  };
  const required = found.inputs.filter((input) => input.required);
  const optional = found.inputs.filter((input) => !input.required);
  const dynamic = { connection, block, inputs: collected.values };
  const draft = (path: string, text: string) => setDrafts({ ...drafts, [path]: text });
  const after = call.data !== undefined && call.variables ? following(call.variables.slice, call.data) : null;
  const go = (slice: Slice, left: readonly Slice[]) => {
    if (call.variables === undefined) return;
    setBefore(left);
    call.mutate({ slice, inputs: call.variables.inputs });
  };
  return (
    <>
      <form
        id={form}
        className="card"
        noValidate
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (!call.isPending && connection !== "") void run();
        }}
      >
        <h2>
          <bdi>{found.name}</bdi>{" "}
          <Badge tone={found.writes ? "warn" : "neutral"}>{blockKind(found.kind, t)}</Badge>
        </h2>
        <InputForm fields={required} drafts={drafts} problems={problems} onDraft={draft} dynamic={dynamic} />
        {optional.length === 0 ? null : (
          <details className="lazy" open={required.length === 0 && optional.length <= 4}>
            <summary>{t("connectors.moreInputs", optional.length)}</summary>
            <div>
              <InputForm
                fields={optional}
                drafts={drafts}
                problems={problems}
                onDraft={draft}
                dynamic={dynamic}
              />
            </div>
          </details>
        )}
        <p className="row connectors-actions">
          <Button look="primary" icon="play" type="submit" busy={call.isPending} disabled={connection === ""}>
            {t("connectors.callIt")}
          </Button>
          {connection === "" ? <span className="muted">{t("connectors.connectionFirst")}</span> : null}
        </p>
      </form>
      {call.error ? <Problem error={call.error} /> : null}
      {call.data === undefined ? null : (
        <Outcome
          called={call.data}
          slice={call.variables?.slice ?? FIRST}
          busy={call.isPending}
          iterable={found.iterable}
          onBack={before.length === 0 ? undefined : () => go(before.at(-1) ?? FIRST, before.slice(0, -1))}
          onOn={after === null ? undefined : () => go(after, [...before, call.variables?.slice ?? FIRST])}
        />
      )}
    </>
  );
}
