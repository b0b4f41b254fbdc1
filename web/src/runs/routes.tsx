import { Route, Switch } from "wouter";
import { Nowhere } from "../app/Pages";
import { RunsPage } from "./RunsPage";

export default function Routes() {
  return (
    <Switch>
      <Route path="/">
        <RunsPage />
      </Route>
      <Route>
        <Nowhere />
      </Route>
    </Switch>
  );
}
