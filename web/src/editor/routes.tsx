import { lazy } from "react";
import { Route, Switch } from "wouter";
import { Nowhere } from "../app/Pages";
import { ListPage } from "./ListPage";
import { EditorPage } from "./opening";

const RunsOfAutomation = lazy(() => import("../runs").then((found) => ({ default: found.RunsOfAutomation })));
const RunPage = lazy(() => import("../runs").then((found) => ({ default: found.RunPage })));
const VersionsPage = lazy(() => import("../runs").then((found) => ({ default: found.VersionsPage })));

export default function Automations() {
  return (
    <Switch>
      <Route path="/">
        <ListPage />
      </Route>
      <Route path="/:id">
        <EditorPage />
      </Route>
      <Route path="/:id/runs">
        <RunsOfAutomation />
      </Route>
      <Route path="/:id/runs/:runId">
        <RunPage />
      </Route>
      <Route path="/:id/versions">
        <VersionsPage />
      </Route>
      <Route>
        <Nowhere />
      </Route>
    </Switch>
  );
}
