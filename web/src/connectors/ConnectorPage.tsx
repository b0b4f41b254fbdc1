import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useApi } from "../api";
import { ConnectDialog } from "../connections/ConnectDialog";
import { useLocale } from "../i18n";
import {
  Badge,
  Button,
  download,
  Loading,
  Logo,
  Markdown,
  Menu,
  Page,
  Problem,
  Tabs,
  Time,
  useConfirm,
  useToast,
} from "../ui";
import { useConnector, useManifest } from "./api";
import { BlocksTab } from "./BlocksTab";
import { CertificateTab } from "./CertificateTab";
import { DriftTab } from "./DriftTab";
import { EventsTab } from "./EventsTab";
import { FactsTab } from "./FactsTab";
import { ImportDialog } from "./ImportDialog";
import { TestPanel } from "./TestPanel";
import "./connectors.css";

/** One connector: what it can do, why we think so, whether its document has changed. */
export function ConnectorPage({ id }: { readonly id: string }) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const toast = useToast();
  const confirm = useConfirm();
  const [, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const [open, setOpen] = useState<"connect" | "import" | null>(null);
  const connector = useConnector(id);
  const manifest = useManifest(id);
  const tab = search.get("tab") ?? "blocks";
  const show = (next: Record<string, string>) => setSearch(next, { replace: true });
  const remove = useMutation({
    mutationFn: () => api.workflows.deleteAutomationConnector(id),
    onSuccess: () => {
      go("/", { replace: true });
      void cache.invalidateQueries({ queryKey: ["connectors"] });
    },
    onError: toast.fail,
  });
  const back = { to: "/", label: t("connectors.title") };
  const failed = connector.error ?? manifest.error;
  if (failed) {
    return (
      <Page title={t("connectors.one")} back={back}>
        <Problem error={failed} onRetry={() => void Promise.all([connector.refetch(), manifest.refetch()])} />
      </Page>
    );
  }
  if (!connector.data || !manifest.data) return <Loading />;
  const found = connector.data;
  const document = manifest.data;
  const askToRemove = async () => {
    const title = t("connectors.deleteTitle", found.name);
    if (
      await confirm({ title, text: t("connectors.deleteText"), action: t("action.delete"), danger: true })
    ) {
      remove.mutate();
    }
  };
  return (
    <Page
      title={found.name}
      back={back}
      about={
        <p className="connectors-about">
          <Logo name={found.name} src={found.logoSmall} size={22} />
          <Badge>{t("connectors.versionOf", found.version)}</Badge>
          <span>{t("connectors.revision", found.revision)}</span>
          <span>
            {t("connectors.updated")} <Time at={found.updatedAt} />
          </span>
        </p>
      }
      actions={
        <>
          <Button look="primary" icon="plug" onClick={() => setOpen("connect")}>
            {t("connectors.connect")}
          </Button>
          <Button icon="upload" onClick={() => setOpen("import")}>
            {t("connectors.importAgain")}
          </Button>
          <Menu
            label={t("action.more")}
            look="plain"
            items={[
              {
                label: t("connectors.download"),
                icon: "download",
                onSelect: () => download(`${document.name}.json`, JSON.stringify(document, null, 2)),
              },
              { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => void askToRemove() },
            ]}
          />
        </>
      }
    >
      {found.description ? (
        <details className="lazy connectors-description">
          <summary>{t("connectors.description")}</summary>
          <Markdown text={found.description} />
        </details>
      ) : null}
      <Tabs
        label={t("connectors.parts")}
        value={tab}
        onChange={(next) => show({ tab: next })}
        tabs={[
          {
            id: "blocks",
            label: t("connectors.tab.blocks"),
            content: <BlocksTab manifest={document} onTry={(block) => show({ tab: "test", block })} />,
          },
          {
            id: "test",
            label: t("connectors.tab.test"),
            content: (
              <TestPanel
                connectorId={found.id}
                manifest={document}
                block={search.get("block") ?? ""}
                onBlock={(block) => show({ tab: "test", block })}
              />
            ),
          },
          {
            id: "facts",
            label: t("connectors.tab.facts"),
            content: <FactsTab id={found.id} manifest={document} />,
          },
          {
            id: "changes",
            label: t("connectors.tab.changes"),
            content: <DriftTab connector={found} manifest={document} />,
          },
          {
            id: "certificate",
            label: t("connectors.tab.certificate"),
            content: <CertificateTab id={found.id} />,
          },
          ...(found.hasWebhooks
            ? [
                {
                  id: "events",
                  label: t("connectors.tab.events"),
                  content: <EventsTab id={found.id} manifest={document} />,
                },
              ]
            : []),
        ]}
      />
      {open === "connect" ? (
        <ConnectDialog
          connectorId={found.id}
          onClose={() => setOpen(null)}
          onDone={() => {
            setOpen(null);
            toast.say(t("connections.nowConnected"));
          }}
        />
      ) : null}
      {open === "import" ? (
        <ImportDialog
          connector={{ id: found.id, name: found.name }}
          onClose={() => setOpen(null)}
          onDone={() => {
            setOpen(null);
            toast.say(t("connectors.imported"));
          }}
        />
      ) : null}
    </Page>
  );
}
