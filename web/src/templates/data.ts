import type { IntegrationDetail, SettingField } from "@client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../api";
import { listed } from "../connections/listed";
import { useHost } from "../embed/host";
import { useLocale } from "../i18n";
import { useToast } from "../ui";

// Links of both bases; the router of a frame has the same ones, in memory.
export const links = {
  gallery: "~/studio/templates",
  template: (id: string) => `~/studio/templates/${id}`,
  integrations: "~/studio/integrations",
  integration: (id: string) => `~/studio/integrations/${id}`,
  setup: (id: string, step?: string) =>
    `~/studio/integrations/${id}/setup${step === undefined ? "" : `/${step}`}`,
  runs: (id: string) => `~/studio/automations/${id}/runs`,
  run: (id: string, run: string) => `~/studio/automations/${id}/runs/${run}`,
};

export function useTemplates() {
  const api = useApi();
  return useQuery({
    queryKey: ["templates"],
    queryFn: ({ signal }) => listed(api.v1.allTemplates({ limit: 100 }, { signal })),
  });
}

export function useTemplate(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["templates", id],
    queryFn: ({ signal }) => api.v1.getTemplate(id, { signal }),
    enabled: id !== "",
  });
}

export function useIntegrations() {
  const api = useApi();
  return useQuery({
    queryKey: ["integrations"],
    queryFn: ({ signal }) => listed(api.v1.allIntegrations({ limit: 100, sort: "name" }, { signal })),
  });
}

export function useIntegration(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["integrations", id],
    queryFn: ({ signal }) => api.v1.getIntegration(id, { signal }),
  });
}

/** The questions in full: an integration is an automation, whose form has what the steps leave out. */
export function useForm(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["integrations", id, "form"],
    queryFn: ({ signal }) => api.workflows.getAutomationForm(id, { signal }),
  });
}

/** What the main flow asks for and keeps, with the answers of this integration. */
export function useStarted(detail: IntegrationDetail | undefined) {
  const template = useTemplate(detail?.templateId ?? "");
  const form = useForm(detail?.id ?? "");
  const known = new Map(
    (form.data?.forms ?? []).flatMap((block) => block.fields).map((field) => [field.label, field]),
  );
  const listedBefore = new Set(
    detail?.steps.flatMap((step) => step.fields ?? []).map((field) => field.label),
  );
  const fields: SettingField[] = (template.data?.fields ?? [])
    .filter((field) => field.flow === "start" && field.persisted && !listedBefore.has(field.label))
    .map((field) => {
      const kept = known.get(field.label);
      return { ...field, value: kept?.answer ?? null, hasValue: kept?.kept === true };
    });
  // A template that was hidden since has no page any more; its integrations go on.
  return { fields, loading: (template.isLoading && !template.isError) || form.isLoading };
}

/** Switches an integration on or off, and tells everybody. */
export function useSwitching(detail: { readonly id: string; readonly name: string }) {
  const api = useApi();
  const cache = useQueryClient();
  const host = useHost();
  const toast = useToast();
  const { t } = useLocale();
  return useMutation({
    mutationFn: (on: boolean) =>
      on ? api.v1.activateIntegration(detail.id) : api.v1.deactivateIntegration(detail.id),
    onSuccess: async (_, on) => {
      host("integration", { id: detail.id, state: on ? "available" : "disabled" });
      toast.say(t(on ? "templates.activated" : "templates.deactivated", detail.name));
      await cache.invalidateQueries({ queryKey: ["integrations"] });
    },
    onError: (error) => toast.fail(error),
  });
}
