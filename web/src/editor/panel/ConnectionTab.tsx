import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../../api";
import { useLocale } from "../../i18n";
import { Badge, Button, ButtonLink, Field, Problem, TextInput } from "../../ui";
import { connectionOf } from "../document";
import { usePanel } from "./context";
import { ConnectionField, ConnectorField, OperationField } from "./fields/pickers";
import { operationOf, useConnections, withConnector, withOperation } from "./queries";
import { readValue, specOf } from "./spec";

const SPEC = specOf({ id: "datasource", label: "Connection", type: "connection", formula: false }, "setting");
const OTHER = specOf({ id: "x", label: "", type: "text", formula: false }, "field");

/** Which connector and operation a block calls, and through which connection. */
export function ConnectionTab() {
  const api = useApi();
  const { t } = useLocale();
  const { editor, block, described } = usePanel();
  const queries = useQueryClient();
  const id = connectionOf(block);
  const connection = useConnections().data?.find((one) => one.id === id);
  const check = useMutation({
    mutationFn: () => api.workflows.checkAutomationConnection(id ?? ""),
    onSettled: () => queries.invalidateQueries({ queryKey: ["connections"] }),
  });
  const common = { readOnly: editor.readOnly, fault: null };
  const operation =
    block.endpoint_guid === undefined && block.snippet_guid !== undefined ? "snippet_guid" : "endpoint_guid";
  const key = described.operation?.["key"];
  return (
    <>
      <Field label={t("panel.connection")} hint={t("panel.connectionHint")}>
        {(wired) => (
          <ConnectionField
            {...common}
            spec={SPEC}
            wired={wired}
            value={readValue(block, SPEC)}
            onChange={(chosen, more) => editor.setSetting(block.id, "datasource", chosen, more)}
          />
        )}
      </Field>
      {connection === undefined ? null : (
        <div className="panel-actions" role="status">
          <Badge tone={connection.isConnected ? "good" : "bad"}>
            {t(connection.isConnected ? "panel.connected" : "panel.broken")}
          </Badge>
          <Button icon="refresh" busy={check.isPending} onClick={() => check.mutate()}>
            {t("panel.check")}
          </Button>
          <ButtonLink to={`/connections/${connection.id}`} look="bare" icon="open">
            {t("panel.openIt")}
          </ButtonLink>
        </div>
      )}
      {check.isError ? <Problem error={check.error} /> : null}
      {id === null ? (
        <ButtonLink to="/connections" icon="plus">
          {t("panel.makeConnection")}
        </ButtonLink>
      ) : null}
      <h3 className="panel-heading">{t("panel.whatItCalls")}</h3>
      <Field label={t("panel.connector")}>
        {(wired) => (
          <ConnectorField
            {...common}
            spec={OTHER}
            wired={wired}
            value={described.connector?.guid ?? block.datasourcetype_guid ?? ""}
            onChange={(guid) => editor.editBlock(block.id, (now) => withConnector(now, String(guid)))}
          />
        )}
      </Field>
      <Field label={t("panel.operationField")} hint={t("panel.operationHint")}>
        {(wired) => (
          <OperationField
            {...common}
            spec={OTHER}
            wired={wired}
            value={typeof key === "string" ? key : operationOf(block)}
            onChange={(key, more) =>
              editor.editBlock(block.id, (now) => withOperation(now, operation, String(key), more?.role))
            }
          />
        )}
      </Field>
      <Field label={t("panel.role")}>
        {(wired) => <TextInput {...wired} value={block.endpoint_role ?? ""} readOnly onChange={() => {}} />}
      </Field>
    </>
  );
}
