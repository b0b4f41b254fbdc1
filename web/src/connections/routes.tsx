import { Route, Switch } from "wouter";
import { ConnectionPage } from "./ConnectionPage";
import { ConnectionsPage } from "./ConnectionsPage";

export default function ConnectionRoutes() {
  return (
    <Switch>
      <Route path="/">
        <ConnectionsPage />
      </Route>
      <Route path="/:id">{({ id }) => <ConnectionPage key={id} id={id} />}</Route>
    </Switch>
  );
}
