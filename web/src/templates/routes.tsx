import { Route, Switch } from "wouter";
import { Gallery } from "./Gallery";
import { TemplatePage } from "./TemplatePage";

/** Pages below /templates. */
export default function Routes() {
  return (
    <Switch>
      <Route path="/">
        <Gallery />
      </Route>
      <Route path="/:id">{({ id }) => <TemplatePage key={id} id={id} />}</Route>
    </Switch>
  );
}
