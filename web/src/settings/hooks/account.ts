import type { WebhooksWebhook, WebhooksWebhookDelivery } from "@client";
import type { Api } from "../../api";
import { cursorOf } from "../../api/pages";
import type { Hook, HookDraft, HookSource, Sent } from "./source";

const hook = (one: WebhooksWebhook): Hook => ({
  id: one.id,
  name: one.name,
  url: one.url,
  description: one.description,
  eventTypes: one.eventTypes,
  enabled: one.enabled,
  hasSecret: one.secretKeyAdded,
  disabledReason: one.disabledReason ?? null,
});

const sent = (one: WebhooksWebhookDelivery): Sent => ({
  id: one.id,
  eventType: one.eventType,
  ok: one.status === "success",
  message: one.statusMessage,
  at: one.triggeredAt,
  attempts: one.attempts,
  nextAt: one.nextAttemptAt ?? null,
});

const patch = ({ name, url, description, eventTypes, enabled, secret }: HookDraft) => [
  ...Object.entries({ name, url, description, eventTypes, enabled }).map(([field, value]) => ({
    op: "replace" as const,
    path: `/${field}` as "/name",
    value,
  })),
  ...(secret === "" ? [] : [{ op: "replace" as const, path: "/secret" as const, value: secret }]),
];

/** Webhooks of the account. Who does not administer it makes those that hear of the own things only. */
export function accountHooks({ v1 }: Api, admin: boolean): HookSource {
  return {
    key: "webhooks",
    typesField: "eventTypes",
    list: async (next, signal) => {
      const page = await v1.listWebhookEntries({ next, limit: 50, sort: "name" }, { signal });
      return { rows: page.data.map(hook), next: cursorOf(page) };
    },
    get: async (id, signal) => hook(await v1.getWebhook(id, { signal })),
    create: async (draft) => {
      await v1.createWebhook({ ...draft, level: admin ? "tenant" : "user", origin: "management-console" });
      return null;
    },
    update: (id, draft) => v1.patchWebhook(id, patch(draft)),
    remove: (id) => v1.deleteWebhook(id),
    kinds: async (signal) => {
      const { data } = await v1.listEventTypes({ signal });
      return data.filter(({ levels }) => levels.includes(admin ? "tenant" : "user"));
    },
    sent: async (id, next, signal) => {
      const page = await v1.getWebhookDeliveryList(id, { next, limit: 50 }, { signal });
      return { rows: page.data.map(sent), next: cursorOf(page) };
    },
    one: async (id, delivery, signal) => {
      const found = await v1.getWebhookDelivery(id, delivery, { signal });
      return { ...sent(found), request: found.request ?? null, response: found.response ?? null };
    },
    resend: async (id, delivery) => {
      await v1.resendDelivery(id, delivery);
    },
    replay: (id, from) => v1.replayDeliveries(id, { from }),
  };
}
