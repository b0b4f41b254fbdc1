import { Route, Switch } from "wouter";
import { Integrations } from "./IntegrationList";
import { IntegrationPage } from "./IntegrationPage";
import { Wizard } from "./Wizard";

/** Pages below /integrations. */
export default function Routes() {
  return (
    <Switch>
      <Route path="/">
        <Integrations />
      </Route>
      <Route path="/:id">{({ id }) => <IntegrationPage key={id} id={id} />}</Route>
      <Route path="/:id/setup/:step?">{({ id, step }) => <Wizard key={id} id={id} step={step} />}</Route>
    </Switch>
  );
}
