import type { AuditRecord } from "@client";
import type { Api } from "../../api";
import { cursorOf } from "../../api/pages";
import { all } from "../filters";
import type { AuditFilter, AuditSource, Recorded } from "./AuditLog";
import { dayAfter, dayOf } from "./days";

const recorded = (one: AuditRecord): Recorded => ({
  id: one.id,
  time: one.time,
  action: one.action,
  subject: one.subject,
  name: one.name,
  actor: `${one.actorKind} ${one.userId ?? one.actorId}`,
  detail: one.detail,
  traceId: one.traceId,
  address: one.address,
});

/** As a SCIM expression. */
export function expression({ action, subject, from, to }: AuditFilter): string | undefined {
  const [after, before] = [dayOf(from), dayAfter(to)];
  return all([
    action.trim() === "" ? undefined : `action sw ${JSON.stringify(action.trim())}`,
    subject.trim() === "" ? undefined : `subject sw ${JSON.stringify(subject.trim())}`,
    after === undefined ? undefined : `time ge ${JSON.stringify(after)}`,
    before === undefined ? undefined : `time lt ${JSON.stringify(before)}`,
  ]);
}

export function accountAudits({ v1 }: Api): AuditSource {
  return {
    key: ["audits"],
    list: async (filter, cursor, signal) => {
      const page = await v1.getAudits({ cursor, limit: 50, filter: expression(filter) }, { signal });
      return { rows: page.data.map(recorded), next: cursorOf(page) };
    },
  };
}
