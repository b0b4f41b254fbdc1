import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useParams } from "wouter";
import { useApi } from "../api";
import { Nowhere } from "../app/Pages";
import { useLocale } from "../i18n";
import { Loading, Page, Problem } from "../ui";
import { draftOf, keep } from "./drafts";
import { EditorView } from "./EditorView";
import { aboutOf, baseOf, issuesOf, type Loaded, load } from "./saving";
import { EditorStore } from "./store";

/** Opens an automation; edits that were left without saving are still there. */
export function EditorPage() {
  const { id = "" } = useParams();
  return <Opened key={id} id={id} />;
}

function Opened({ id }: { readonly id: string }) {
  const api = useApi();
  const { t } = useLocale();
  const [store, setStore] = useState<EditorStore | null>(null);
  const opened = useQuery({
    queryKey: ["automations", id, "editor"],
    queryFn: ({ signal }) => load(api, id, signal),
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const first = opened.data;
  useEffect(() => {
    if (first !== undefined) setStore((now) => now ?? draftOf(id) ?? storeOf(id, first, t("editor.unbound")));
  }, [first, id, t]);
  useEffect(() => {
    if (store === null) return;
    return () => keep(store);
  }, [store]);
  if (opened.isError && store === null) {
    if ("status" in opened.error && opened.error.status === 404) return <Nowhere />;
    return (
      <Page title={t("editor.blocks")} back={{ to: "/", label: t("editor.back") }}>
        <Problem error={opened.error} onRetry={() => void opened.refetch()} />
      </Page>
    );
  }
  if (store === null || first === undefined) return <Loading />;
  return <EditorView editor={store} detail={first.detail} />;
}

function storeOf(id: string, { detail, etag, text }: Loaded, unbound: string): EditorStore {
  return new EditorStore({
    automationId: id,
    workspace: detail.workspace,
    text,
    about: aboutOf(detail),
    base: baseOf({ detail, etag }),
    issues: issuesOf(detail.importReport, unbound),
    // Only those who may edit are told what starts it from outside.
    readOnly: detail.executionToken === undefined,
  });
}
