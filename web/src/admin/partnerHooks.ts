import type { PartnerDelivery, PartnerWebhook } from "@client";
import type { Api } from "../api";
import type { Hook, HookDraft, HookSource, Sent } from "../settings/hooks/source";

const hook = (one: PartnerWebhook): Hook => ({
  id: one.guid,
  name: one.name,
  url: one.url,
  description: one.description,
  eventTypes: one.event_types,
  enabled: one.enabled,
  hasSecret: one.has_secret,
  disabledReason: one.disabled_reason,
});

const sent = (one: PartnerDelivery): Sent => ({
  id: one.guid,
  eventType: one.event_type,
  ok: one.status === "success",
  message: one.status_message,
  at: one.triggered_at,
  attempts: one.attempts,
  nextAt: one.next_attempt_at,
});

const body = ({ eventTypes, secret, ...rest }: HookDraft) => ({
  ...rest,
  event_types: eventTypes,
  ...(secret === "" ? {} : { secret }),
});

const after = ({ current_page: at, last_page: last }: { current_page: number; last_page: number }) =>
  at < last ? String(at + 1) : undefined;

/** Webhooks of the partner, which hear of all customers. */
export function partnerHooks({ oem }: Api): HookSource {
  return {
    key: "partner-webhooks",
    typesField: "event_types",
    list: async (page, signal) => {
      const found = await (await oem()).listPartnerWebhooks(
        { page: Number(page ?? 1), per_page: 50 },
        { signal },
      );
      return { rows: found.data.map(hook), next: after(found.meta) };
    },
    get: async (id, signal) => hook(await (await oem()).getPartnerWebhook(id, { signal })),
    create: async (draft) => (await (await oem()).createPartnerWebhook(body(draft))).secret,
    update: async (id, draft) => {
      await (await oem()).updatePartnerWebhook(id, body(draft));
    },
    remove: async (id) => (await oem()).deletePartnerWebhook(id),
    kinds: async (signal) => (await oem()).listPartnerEventTypes({ signal }),
    sent: async (id, page, signal) => {
      const found = await (await oem()).listPartnerDeliveries(
        id,
        { page: Number(page ?? 1), per_page: 50 },
        { signal },
      );
      return { rows: found.data.map(sent), next: after(found.meta) };
    },
    one: async (id, delivery, signal) => {
      const found = await (await oem()).getPartnerDelivery(id, delivery, { signal });
      return { ...sent(found), request: found.request, response: found.response };
    },
    resend: async (id, delivery) => {
      await (await oem()).resendPartnerDelivery(id, delivery);
    },
    replay: async (id, since) => (await oem()).replayPartnerDeliveries(id, { since }),
  };
}
