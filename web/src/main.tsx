import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import App from "./app/App";
import "./theme/tokens.css";
import "./theme/base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");

// A frame in somebody else's page begins differently and shares everything else. What the studio begins with is named by the
// page itself, so that it is fetched at once.
const framed = location.pathname.startsWith("/embed/");
const Begin = framed ? (await import("./embed/frame")).default : App;
createRoot(root).render(
  <StrictMode>
    <Begin />
  </StrictMode>,
);
