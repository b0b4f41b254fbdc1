// What `embed.js` is: the elements that a partner's page shows Tieline with. It holds no token: the frame asks for one
// through a channel of its own, the host's function answers, and the channel's far end is of Tieline's exact origin.
// Kept small by hand; everything that can be done in the frame is done there.

type Told = { readonly type?: string; readonly name?: string; readonly detail?: unknown };

const LOOK = ["theme", "language", "hide", "template", "connector", "height"];
const PLACE = ["partner", "server", "mode"];
const SILENCE = 20_000;

const script = (document.currentScript ??
  document.querySelector('script[src*="/embed.js"]')) as HTMLScriptElement | null;
const home = script?.src || location.href;

class Tieline extends HTMLElement {
  static observedAttributes = [...LOOK, ...PLACE];

  /** Gives a new sign-on token; set by the host, where there is no `token-url`. */
  declare token?: () => Promise<string> | string;

  #window: Window | null = null;
  #frame: HTMLIFrameElement | null = null;
  #port: MessagePort | null = null;
  #stop: AbortController | null = null;

  connectedCallback() {
    if (this.getAttribute("mode") === "popup") this.addEventListener("click", this.open);
    else this.open();
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.open);
    this.#stop?.abort();
    this.#port?.close();
    this.#frame?.remove();
    this.#window = this.#frame = this.#port = null;
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null) {
    if (before === now || !this.isConnected) return;
    if (LOOK.includes(name)) this.#look();
    else {
      this.disconnectedCallback();
      this.connectedCallback();
    }
  }

  /** Opens the frame; with `mode="popup"` the window, which browsers allow while a person clicks. */
  open = () => {
    const server = new URL(this.getAttribute("server") ?? home, location.href).origin;
    const address = `${server}/embed/${encodeURIComponent(this.getAttribute("partner") ?? "default")}`;
    this.#stop?.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const silent = setTimeout(() => this.#say("error", { code: "silent" }), SILENCE);
    signal.addEventListener("abort", () => clearTimeout(silent));
    addEventListener(
      "message",
      ({ source, origin, data }) => {
        if (!source || source !== this.#window || origin !== server || data?.type !== "tieline:ready") return;
        clearTimeout(silent);
        this.#port?.close();
        const { port1, port2 } = new MessageChannel();
        this.#port = port1;
        port1.onmessage = (event) => this.#heard(port1, event.data);
        this.#window?.postMessage({ type: "tieline:port" }, server, [port2]);
        this.#look();
      },
      { signal },
    );
    if (this.getAttribute("mode") === "popup") {
      this.#window = window.open(address, "", "popup,width=960,height=760");
      if (!this.#window) {
        this.#stop.abort();
        this.#say("error", { code: "blocked" });
      }
      return;
    }
    this.#frame?.remove();
    const frame = document.createElement("iframe");
    frame.title = this.getAttribute("aria-label") ?? this.title ?? "";
    frame.title ||= "Tieline";
    frame.referrerPolicy = "no-referrer";
    frame.allow = "clipboard-write";
    frame.setAttribute(
      "sandbox",
      "allow-scripts allow-same-origin allow-forms allow-downloads allow-popups allow-popups-to-escape-sandbox",
    );
    frame.style.cssText = "display:block;width:100%;height:100%;min-height:24rem;border:0";
    frame.src = address;
    this.style.display ||= "block";
    this.append(frame);
    this.#frame = frame;
    this.#window = frame.contentWindow;
  };

  /** How and what the frame shows: all that attributes say, each time one of them changes. */
  #look() {
    const look = Object.fromEntries(LOOK.map((name) => [name, this.getAttribute(name)]));
    this.#port?.postMessage({ type: "look", part: this.localName.slice(8), ...look });
  }

  #say(name: string, detail: unknown) {
    this.dispatchEvent(new CustomEvent(`tieline-${name}`, { detail, bubbles: true, composed: true }));
  }

  async #heard(port: MessagePort, { type, name, detail }: Told) {
    if (type === "event" && name) {
      const height = (detail as { height?: unknown } | null)?.height;
      if (name === "resize" && this.#frame && this.getAttribute("height") === "auto")
        this.#frame.style.height = `${Number(height)}px`;
      this.#say(name, detail);
    } else if (type === "token-wanted") {
      try {
        port.postMessage({ type: "token", jwt: await this.#jwt() });
      } catch (error) {
        port.postMessage({ type: "token-failed" });
        this.#say("error", { code: "token", detail: String(error) });
      }
    }
  }

  async #jwt(): Promise<string> {
    if (this.token) return this.token();
    const answer = await fetch(this.getAttribute("token-url") ?? "", { method: "POST", cache: "no-store" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return (await answer.json()).jwt;
  }
}

for (const part of ["templates", "connect", "studio"]) {
  if (!customElements.get(`tieline-${part}`))
    customElements.define(`tieline-${part}`, class extends Tieline {});
}
