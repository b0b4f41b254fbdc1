import type { ConnectorDrift, UnderstoodConnector } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Dialog, Field, Problem, Spinner, TextInput } from "../ui";
import { type Given, PATIENT } from "./api";
import { Catalog } from "./Catalog";
import { ChangeList } from "./ChangeList";
import { ImportSource } from "./ImportSource";
import { Review } from "./Review";
import "./connectors.css";

type Props = {
  /** A connector that gets another document; a new one without. */
  readonly connector?: { readonly id: string; readonly name: string } | undefined;
  /** What to read at once, without asking for it. */
  readonly given?: Given | undefined;
  readonly onClose: () => void;
  readonly onDone: (connectorId: string) => void;
};

type Read = {
  readonly given: Given;
  readonly found: UnderstoodConnector;
  readonly drift: ConnectorDrift | null;
};

const AT_ONCE = 200;

/** From a document to a connector: read it, look over what was understood, keep it. */
export function ImportDialog({ connector, given, onClose, onDone }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const [corrections, setCorrections] = useState<ReadonlyMap<string, unknown>>(new Map());
  const [name, setName] = useState("");
  const ending = useRef<AbortController | null>(null);
  const reading = useMutation({
    mutationFn: async (wanted: Given): Promise<Read> => {
      ending.current?.abort();
      ending.current = new AbortController();
      const options = { ...PATIENT, signal: ending.current.signal };
      const [found, drift] = await Promise.all([
        api.workflows.previewAutomationConnector(wanted.body, options),
        connector === undefined
          ? null
          : api.workflows.diffAutomationConnector(connector.id, wanted.body, options),
      ]);
      return { given: wanted, found, drift };
    },
    onSuccess: ({ found }) => {
      setCorrections(new Map());
      setName(found.name);
    },
  });
  const keeping = useMutation({
    mutationFn: async ({ given: wanted, found }: Read) => {
      const body = name === found.name || connector !== undefined ? wanted.body : { ...wanted.body, name };
      const saved =
        connector === undefined
          ? await api.workflows.importAutomationConnector(body, PATIENT)
          : await api.workflows.replaceAutomationConnector(connector.id, body, PATIENT);
      const facts = [...corrections].map(([path, value]) => ({ path, value }));
      for (let at = 0; at < facts.length; at += AT_ONCE) {
        await api.workflows.correctConnectorFacts(
          saved.id,
          { facts: facts.slice(at, at + AT_ONCE) },
          PATIENT,
        );
      }
      return saved.id;
    },
    onSuccess: (id) => onDone(id),
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: ["connectors"] });
      void cache.invalidateQueries({ queryKey: ["notices"] });
    },
  });
  useEffect(() => () => ending.current?.abort(), []);
  const { mutate } = reading;
  useEffect(() => {
    if (given !== undefined) mutate(given);
  }, [given, mutate]);
  const read = reading.data;
  const title = connector === undefined ? t("connectors.import") : t("connectors.importInto", connector.name);
  return (
    <Dialog
      wide
      title={read === undefined ? title : t("connectors.reviewOf", read.found.title)}
      onClose={onClose}
      actions={
        <>
          {read === undefined ? null : (
            <Button icon="back" disabled={keeping.isPending} onClick={() => reading.reset()}>
              {t("connectors.otherDocument")}
            </Button>
          )}
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          {read === undefined ? null : (
            <Button look="primary" icon="save" busy={keeping.isPending} onClick={() => keeping.mutate(read)}>
              {corrections.size === 0 ? t("action.save") : t("connectors.saveWith", corrections.size)}
            </Button>
          )}
        </>
      }
    >
      {reading.error ? <Problem error={reading.error} /> : null}
      {keeping.error ? <Problem error={keeping.error} /> : null}
      {reading.isPending ? (
        <p className="connectors-reading" role="status">
          <Spinner /> {t("connectors.reading", reading.variables?.label ?? "")}
        </p>
      ) : null}
      {read === undefined ? (
        <div className="stack">
          <ImportSource busy={reading.isPending} onGiven={(wanted) => mutate(wanted)} />
          {connector === undefined ? (
            <Catalog
              onDone={(id) => {
                void cache.invalidateQueries({ queryKey: ["connectors"] });
                onDone(id);
              }}
            />
          ) : null}
        </div>
      ) : (
        <div className="stack">
          {connector === undefined ? (
            <>
              <Field label={t("connectors.name")} hint={t("connectors.nameHint")}>
                {(wired) => <TextInput {...wired} value={name} spellCheck={false} onChange={setName} />}
              </Field>
              {read.found.existing !== null && name === read.found.name ? (
                <p className="connectors-hint">{t("connectors.existing")}</p>
              ) : null}
            </>
          ) : null}
          {read.drift === null ? null : <ChangeList drift={read.drift} />}
          <Review
            found={read.found}
            corrections={corrections}
            onCorrect={(path, value) => setCorrections(new Map(corrections).set(path, value))}
            onUndo={(path) => {
              const left = new Map(corrections);
              left.delete(path);
              setCorrections(left);
            }}
          />
        </div>
      )}
    </Dialog>
  );
}
