/** The page's policy refuses `<style>` elements, and CodeMirror writes one wherever the root has a head. Without it, it takes
 * constructed style sheets, which the policy permits. */
export function headless(page: Document): Document {
  return new Proxy(page, {
    get(target, key) {
      if (key === "head") return undefined;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}
