import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./theme/tokens.css";
import "./theme/base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");

// A frame in somebody else's page, and the studio itself, begin differently and share everything else.
const framed = location.pathname.startsWith("/embed/");
const { default: Begin } = framed ? await import("./embed/frame") : await import("./app/App");
createRoot(root).render(
  <StrictMode>
    <Begin />
  </StrictMode>,
);
