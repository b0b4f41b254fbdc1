import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { JsonView, Lazy, Loading, Problem } from "../ui";
import type { Manifest } from "./manifest";

/** What the API can tell about by itself. */
export function EventsTab({ id, manifest }: { readonly id: string; readonly manifest: Manifest }) {
  const { t } = useLocale();
  const api = useApi();
  const query = useQuery({
    queryKey: ["connectors", id, "webhooks"],
    queryFn: ({ signal }) => api.workflows.getConnectorWebhookConfiguration(id, { signal }),
  });
  if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <Loading />;
  return (
    <>
      <p>{t(query.data.automatic ? "connectors.eventsAutomatic" : "connectors.eventsByHand")}</p>
      {query.data.events.map((event, index) => (
        <Lazy
          key={event.id}
          title={
            <>
              {/* Both lists are in the order of the manifest. */}
              <code>{manifest.webhooks?.[index]?.event || manifest.webhooks?.[index]?.id}</code>{" "}
              <bdi>{event.name}</bdi>
            </>
          }
        >
          {() =>
            event.exampleOutput === undefined ? (
              <p className="muted">{t("connectors.noExample")}</p>
            ) : (
              <>
                <h3>{t("connectors.example")}</h3>
                <JsonView value={event.exampleOutput} open={2} />
              </>
            )
          }
        </Lazy>
      ))}
    </>
  );
}
