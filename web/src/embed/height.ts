const SMALLEST = 240;
const FOR_DIALOG = 620;

/** Tells how high the content is, each time it changes; windows over it get room too. */
export function reportHeight(element: HTMLElement, tell: (height: number) => void): () => void {
  let last = 0;
  const measure = () => {
    const content = Math.ceil(element.getBoundingClientRect().height);
    const dialog = document.querySelector("dialog[open]");
    const wanted = Math.max(
      content,
      SMALLEST,
      dialog === null ? 0 : Math.max(FOR_DIALOG, dialog.scrollHeight + 40),
    );
    if (wanted === last) return;
    last = wanted;
    tell(wanted);
  };
  const sizes = new ResizeObserver(measure);
  const dialogs = new MutationObserver(measure);
  sizes.observe(element);
  dialogs.observe(document.body, {
    subtree: true,
    attributes: true,
    attributeFilter: ["open"],
    childList: true,
  });
  measure();
  return () => {
    sizes.disconnect();
    dialogs.disconnect();
  };
}
