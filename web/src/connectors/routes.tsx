import { Route, Switch } from "wouter";
import { ConnectorPage } from "./ConnectorPage";
import { ConnectorsPage } from "./ConnectorsPage";

export default function ConnectorRoutes() {
  return (
    <Switch>
      <Route path="/">
        <ConnectorsPage />
      </Route>
      <Route path="/:id">{({ id }) => <ConnectorPage key={id} id={id} />}</Route>
    </Switch>
  );
}
