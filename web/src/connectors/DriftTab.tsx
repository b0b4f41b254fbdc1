import type { ConnectorDetail } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "../api";
import { useNotices } from "../connections/useNotices";
import { useLocale } from "../i18n";
import { Button, Problem, useToast } from "../ui";
import { PATIENT } from "./api";
import { ChangeList } from "./ChangeList";
import { ImportDialog } from "./ImportDialog";
import type { Manifest } from "./manifest";
import { NoticeCard } from "./Notices";

type Props = { readonly connector: ConnectorDetail; readonly manifest: Manifest };

/** The document that a connector was made of, and whether it says something else by now. */
export function DriftTab({ connector, manifest }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const [importing, setImporting] = useState(false);
  const notices = useNotices().of(`connector:${connector.id}`);
  const source = manifest.source;
  const address = source?.address ?? "";
  const online = /^https?:\/\//.test(address);
  const compare = useMutation({ mutationFn: () => api.workflows.getConnectorDrift(connector.id, PATIENT) });
  const given = useMemo(() => ({ label: address, body: { source: address } }), [address]);
  return (
    <div className="stack">
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
      <section className="card">
        <h2>{t("connectors.source")}</h2>
        <dl className="facts">
          <dt>{t("connectors.version")}</dt>
          <dd>
            {connector.version}, {t("connectors.revision", connector.revision)}
          </dd>
          <dt>{t("connectors.format")}</dt>
          <dd>{[source?.format ?? "manifest", source?.format_version].filter(Boolean).join(" ")}</dd>
          <dt>{t("connectors.document")}</dt>
          <dd>
            <bdi>{[source?.title, source?.version].filter(Boolean).join(" ") || "–"}</bdi>
          </dd>
          <dt>{t("connectors.address")}</dt>
          <dd>{address === "" ? t("connectors.noAddress") : <bdi>{address}</bdi>}</dd>
          {source?.sha256 ? (
            <>
              <dt>{t("connectors.sha")}</dt>
              <dd>
                <code>{source.sha256}</code>
              </dd>
            </>
          ) : null}
        </dl>
        <p className="row connectors-actions">
          {online ? (
            <Button icon="refresh" busy={compare.isPending} onClick={() => compare.mutate()}>
              {t("connectors.compare")}
            </Button>
          ) : null}
          {online && compare.data !== undefined && compare.data.bump !== "none" ? (
            <Button look="primary" icon="upload" onClick={() => setImporting(true)}>
              {t("connectors.takeNew", compare.data.next_version)}
            </Button>
          ) : null}
        </p>
        {compare.error ? <Problem error={compare.error} onRetry={() => compare.mutate()} /> : null}
        {compare.data === undefined ? null : <ChangeList drift={compare.data} />}
      </section>
      {importing ? (
        <ImportDialog
          connector={{ id: connector.id, name: connector.name }}
          given={given}
          onClose={() => setImporting(false)}
          onDone={() => {
            setImporting(false);
            compare.reset();
            void cache.invalidateQueries({ queryKey: ["notices"] });
            toast.say(t("connectors.imported"));
          }}
        />
      ) : null}
    </div>
  );
}
