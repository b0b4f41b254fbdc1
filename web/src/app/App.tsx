import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Router } from "wouter";
import { makeQueries } from "../api";
import { LocaleProvider } from "../i18n";
import { opened, SessionGate } from "../session/Session";
import { kept, wear } from "../theme/theme";
import { ConfirmProvider, ToastProvider } from "../ui";
import { ahead, Pages } from "./Pages";
import { Shell } from "./Shell";

/** The server is asked who this is while the code of the page is on its way. */
function open() {
  wear(kept());
  return opened(ahead(location.pathname));
}

/** The studio in a window of its own. */
export default function App() {
  const [queries] = useState(makeQueries);
  const [opening] = useState(open);
  return (
    <LocaleProvider>
      <QueryClientProvider client={queries}>
        <ToastProvider>
          <Router base="/studio">
            <SessionGate opening={opening}>
              <ConfirmProvider>
                <Shell>
                  <Pages />
                </Shell>
              </ConfirmProvider>
            </SessionGate>
          </Router>
        </ToastProvider>
      </QueryClientProvider>
    </LocaleProvider>
  );
}
