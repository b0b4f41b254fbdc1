import { useLocale } from "../../i18n";
import { Field, Icon } from "../../ui";
import { usePanel } from "./context";
import { ConnectionField, ConnectorField, OperationField } from "./fields/pickers";
import { operationOf, withConnector, withOperation } from "./queries";
import { readValue, specOf } from "./spec";

const CONNECTOR = specOf(
  { id: "datasourcetype_guid", label: "Connector", type: "connector", formula: false },
  "field",
);
const OPERATION = specOf(
  { id: "endpoint_guid", label: "Operation", type: "operation", formula: false, otherIds: ["snippet_guid"] },
  "field",
);
const CONNECTION = specOf(
  { id: "datasource", label: "Connection", type: "connection", formula: false },
  "setting",
);

/** A connector block that this installation cannot run yet: what it needs, and the choices that bind it. */
export function Placeholder() {
  const { t } = useLocale();
  const { editor, block, described } = usePanel();
  const operation =
    block.endpoint_guid === undefined && block.snippet_guid !== undefined ? "snippet_guid" : "endpoint_guid";
  const common = { readOnly: editor.readOnly, fault: null };
  return (
    <section className="panel-placeholder" aria-labelledby="panel-unbound">
      <h3 id="panel-unbound">
        <Icon name="plug" /> {t("panel.unbound")}
      </h3>
      <p>
        {described.connector == null
          ? t("panel.unboundConnector", String(block.datasourcetype_guid ?? "–"))
          : t("panel.unboundOperation", operationOf(block) || "–")}
      </p>
      <Field label={t("panel.connector")}>
        {(wired) => (
          <ConnectorField
            {...common}
            spec={CONNECTOR}
            wired={wired}
            value={described.connector == null ? "" : described.connector.guid}
            onChange={(guid) => editor.editBlock(block.id, (now) => withConnector(now, String(guid)))}
          />
        )}
      </Field>
      {described.connector == null ? null : (
        <Field label={t("panel.operationField")}>
          {(wired) => (
            <OperationField
              {...common}
              spec={OPERATION}
              wired={wired}
              value={operationOf(block)}
              onChange={(key, more) =>
                editor.editBlock(block.id, (now) => withOperation(now, operation, String(key), more?.role))
              }
            />
          )}
        </Field>
      )}
      {described.connector == null ? null : (
        <Field label={t("panel.connection")}>
          {(wired) => (
            <ConnectionField
              {...common}
              spec={CONNECTION}
              wired={wired}
              value={readValue(block, CONNECTION)}
              onChange={(chosen, more) => editor.setSetting(block.id, "datasource", chosen, more)}
            />
          )}
        </Field>
      )}
    </section>
  );
}
