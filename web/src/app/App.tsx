import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Router } from "wouter";
import { makeQueries } from "../api";
import { LocaleProvider } from "../i18n";
import { SessionGate } from "../session/Session";
import { kept, wear } from "../theme/theme";
import { ConfirmProvider, ToastProvider } from "../ui";
import { Pages } from "./Pages";
import { Shell } from "./Shell";

wear(kept());

/** The studio in a window of its own. */
export default function App() {
  const [queries] = useState(makeQueries);
  return (
    <LocaleProvider>
      <QueryClientProvider client={queries}>
        <ToastProvider>
          <Router base="/studio">
            <SessionGate>
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
