import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Badge, Button, Lazy, Problem, Table, Time, useToast } from "../ui";
import { PATIENT } from "./api";

/** Whether a connector does what its manifest says, against a mock that is made of it. */
export function CertificateTab({ id }: { readonly id: string }) {
  const { t, duration } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const [running, setRunning] = useState(false);
  const key = ["connectors", id, "certificate"];
  // Trying every block takes a while: it is done when somebody asks for it, and kept as long as the page.
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api.workflows.certifyConnector(id, {}, { ...PATIENT, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: false,
  });
  const again = async () => {
    setRunning(true);
    try {
      cache.setQueryData(key, await api.workflows.certifyConnector(id, { again: true }, PATIENT));
    } catch (error) {
      toast.fail(error);
    } finally {
      setRunning(false);
    }
  };
  if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) {
    return (
      <>
        <p>{t("connectors.certificateText")}</p>
        <Button look="primary" icon="play" busy={query.isFetching} onClick={() => void query.refetch()}>
          {t("connectors.certify")}
        </Button>
        <p className="muted" role="status">
          {query.isFetching ? t("connectors.certifying") : ""}
        </p>
      </>
    );
  }
  const made = query.data;
  return (
    <div className="stack">
      <div className="connectors-head">
        <p role="status">
          <Badge tone={made.ok ? "good" : "bad"}>
            {t(made.ok ? "connectors.conforms" : "connectors.conformsNot")}
          </Badge>{" "}
          {t("connectors.scenarios", made.passed, made.failed, made.notApplicable)} ·{" "}
          <Time at={made.madeAt} /> · {duration(made.seconds * 1000)}
        </p>
        <Button icon="refresh" busy={running} onClick={() => void again()}>
          {t("connectors.certifyNow")}
        </Button>
      </div>
      <p className="muted">{t("connectors.certificateText")}</p>
      {made.failures.length === 0 ? null : (
        <section>
          <h2>{t("connectors.failures")}</h2>
          <ul className="connectors-changes">
            {made.failures.map((one) => (
              <li key={`${one.block} ${one.scenario}`}>
                <Badge tone="bad">{one.scenario}</Badge> <code>{one.block}</code> <bdi>{one.reason}</bdi>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Lazy title={t("connectors.perBlock", made.blocks.length)}>
        {() => (
          <Table
            caption={t("connectors.perBlock", made.blocks.length)}
            rows={made.blocks}
            keyOf={(row) => row.block}
            columns={[
              {
                id: "block",
                label: t("connectors.block"),
                wide: true,
                cell: (row) => <code>{row.block}</code>,
              },
              { id: "passed", label: t("connectors.passed"), align: "end", cell: (row) => row.passed },
              {
                id: "failed",
                label: t("connectors.failed"),
                align: "end",
                cell: (row) =>
                  row.failed > 0 ? <strong className="connectors-bad">{row.failed}</strong> : 0,
              },
              {
                id: "not",
                label: t("connectors.notApplicable"),
                align: "end",
                cell: (row) => row.notApplicable,
              },
            ]}
          />
        )}
      </Lazy>
      <p className="muted">
        {t("connectors.sha")} <code>{made.sha256}</code>
      </p>
    </div>
  );
}
