import { type ComponentType, createElement, lazy, useState } from "react";

type Loaded<Props> = { readonly default: ComponentType<Props> };

/** A component whose code is fetched when it is shown, or `fetch`ed before. What is there already is shown at once: with `lazy`
 * alone it would wait behind the page's placeholder, which React leaves standing for 300 ms. */
export function later<Props extends object>(load: () => Promise<Loaded<Props>>) {
  let found: ComponentType<Props> | undefined;
  const fetch = async (): Promise<Loaded<Props>> => {
    const loaded = await load();
    found = loaded.default;
    return loaded;
  };
  const Waiting = lazy(fetch) as unknown as ComponentType<Props>;
  // biome-ignore lint/correctness/noComponentHookFactories: one for each call, and called once for each page
  function Later(props: Props) {
    const [Shown] = useState<ComponentType<Props>>(() => found ?? Waiting);
    return createElement(Shown, props);
  }
  return Object.assign(Later, { fetch });
}
