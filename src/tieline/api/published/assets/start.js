// Starts Redoc over the document that the page names, in the colours that the person's system asks for.
"use strict";
(() => {
  const place = document.getElementById("reference");
  document.getElementById("family").addEventListener("change", (event) => {
    window.location.assign(event.target.value);
  });
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const ink = dark ? "#e8ebee" : "#1c2024";
  const soft = dark ? "#a3adb8" : "#5b6570";
  const paper = dark ? "#1b1f24" : "#ffffff";
  const ground = dark ? "#111417" : "#f3f5f7";
  const line = dark ? "#3c454f" : "#c9d0d8";
  const deed = dark ? "#6cb2f7" : "#0b5cad";
  const plain = "system-ui, sans-serif";
  const code = "ui-monospace, monospace";
  const theme = {
    colors: {
      primary: { main: deed },
      text: { primary: ink, secondary: soft },
      border: { dark: line, light: line },
      gray: { 50: paper, 100: ground },
      responses: { redirect: { color: dark ? "#f0b54a" : "#8a5a00", tabTextColor: "#f0b54a" } },
    },
    schema: {
      nestedBackground: ground,
      linesColor: line,
      typeNameColor: soft,
      typeTitleColor: soft,
      requireLabelColor: dark ? "#ff9c92" : "#b42318",
    },
    typography: {
      fontFamily: plain,
      headings: { fontFamily: plain },
      code: { fontFamily: code, color: ink, backgroundColor: ground },
      links: { color: deed },
    },
    sidebar: { backgroundColor: ground, textColor: ink },
    rightPanel: { backgroundColor: "#1f262d" },
    codeBlock: { backgroundColor: "#12171c" },
  };
  const options = {
    theme,
    nativeScrollbars: true,
    hideDownloadButton: true,
    sortRequiredPropsFirst: true,
    scrollYOffset: "header",
  };
  window.Redoc.init(new URL(place.dataset.document, document.baseURI).href, options, place, (problem) => {
    if (problem) {
      place.textContent = "The document could not be shown: " + problem.message;
    }
  });
})();
