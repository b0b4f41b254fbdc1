import { lazy, Suspense } from "react";
import { Spinner } from "./states";

const Shown = lazy(() => import("./MarkdownText"));

/** Markdown of the vendor's or a partner's; HTML in it is text, addresses are http, https and mailto only. */
export function Markdown({ text }: { readonly text: string }) {
  return (
    <Suspense fallback={<Spinner />}>
      <Shown text={text} />
    </Suspense>
  );
}
