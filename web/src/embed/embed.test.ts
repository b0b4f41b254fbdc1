import { describe, expect, it, vi } from "vitest";
import { brandingOf } from "./branding";
import { Channel, opened } from "./channel";
import { factsOf } from "./entering";
import { lookOf, PLAIN, placeOf } from "./look";

describe("how a host wants it to look", () => {
  it("takes what is known and nothing else", () => {
    const look = lookOf({
      type: "look",
      part: "connect",
      theme: "dark",
      language: "nl-BE",
      hide: "search, navigation, everything",
      template: "t".repeat(300),
      connector: 5,
    });
    expect(look).toEqual({
      part: "connect",
      theme: "dark",
      language: "nl",
      hide: new Set(["navigation", "search"]),
      template: null,
      connector: null,
    });
    expect(lookOf({ part: "admin", theme: "url(x)", language: "xx", hide: null })).toEqual(PLAIN);
  });
  it("leads where the sign-on was for", () => {
    const view = { view: "home", template: null, integration: null };
    expect(placeOf(PLAIN, view)).toBe("/studio/templates");
    expect(placeOf({ ...PLAIN, template: "a/b" }, view)).toBe("/studio/templates/a%2Fb");
    expect(placeOf(PLAIN, { ...view, view: "settings", integration: "i1" })).toBe(
      "/studio/integrations/i1/setup/first",
    );
    expect(placeOf({ ...PLAIN, part: "studio" }, view)).toBe("/studio/automations");
    expect(placeOf({ ...PLAIN, part: "connect" }, view)).toBe("/studio/connect");
  });
});

describe("branding", () => {
  const ours = () => "light-dark(#111111, #eeeeee)";
  it("is a closed set of tokens with closed values", () => {
    const found = brandingOf(
      {
        productName: "Fairground",
        brand: { light: "#ff0000", dark: "#00ff00" },
        brandText: { light: "#fff", dark: "red;}" },
        page: { light: "#000000" },
        "--text": "#000",
        radius: 8,
        font: "serif",
        logo: "https://evil.example/x.png",
        hide: ["search", 5],
        display: "none",
      },
      ours,
    );
    expect([...found.properties]).toEqual([
      ["--brand", "light-dark(#ff0000, #00ff00)"],
      ["--brand-text", "light-dark(#fff, #eeeeee)"],
      ["--radius", "8px"],
      ["--font", 'Georgia, "Noto Serif", serif'],
    ]);
    expect([found.name, found.logo, found.hide]).toEqual(["Fairground", null, ["search"]]);
    const wrong = [
      { radius: 400, font: "x;y", brand: "url(x)", logo: 'data:image/png;base64,"' },
      "x",
      null,
      [],
    ];
    for (const one of wrong) {
      expect(brandingOf(one, ours)).toEqual({ name: null, logo: null, hide: [], properties: new Map() });
    }
    expect(brandingOf({ logo: "data:image/png;base64,iVBORw0KGgo=" }, ours).logo).toContain("iVBOR");
  });
});

describe("the channel", () => {
  const port = () => {
    const sent: unknown[] = [];
    const made = { postMessage: (data: unknown) => sent.push(data), onmessage: null as unknown };
    const say = (data: unknown) => (made.onmessage as (event: { data: unknown }) => void)({ data });
    return { port: made as unknown as MessagePort, sent, say };
  };
  it("asks once for all who wait, and gives each the token", async () => {
    const { port: end, sent, say } = port();
    const channel = new Channel(end, "https://host.example");
    const [one, other] = [channel.token(), channel.token()];
    expect(sent).toEqual([{ type: "token-wanted" }]);
    say({ type: "token", jwt: "a.b.c" });
    expect(await Promise.all([one, other])).toEqual(["a.b.c", "a.b.c"]);
  });
  it("says when the host has none, and does not wait for ever", async () => {
    vi.useFakeTimers();
    const { port: end, say } = port();
    const channel = new Channel(end, "https://host.example");
    const failed = channel.token();
    say({ type: "token-failed" });
    await expect(failed).rejects.toThrow("token-failed");
    const late = channel.token();
    const noticed = expect(late).rejects.toThrow("token-failed");
    await vi.advanceTimersByTimeAsync(16_000);
    await noticed;
    vi.useRealTimers();
  });
  it("keeps what was said of the look for who listens later, and takes tokens that nobody asked for", () => {
    const { port: end, say } = port();
    const channel = new Channel(end, "https://host.example");
    const looks: unknown[] = [];
    const tokens: string[] = [];
    say({ type: "look", theme: "dark" });
    channel.onLook((look) => looks.push(look.theme));
    channel.onToken((jwt) => tokens.push(jwt));
    say({ type: "look", theme: "light" });
    say({ type: "token", jwt: "x" });
    say("nothing");
    say({ type: "token", jwt: 5 });
    expect([looks, tokens]).toEqual([["dark", "light"], ["x"]]);
  });
  it("is opened by a page of an allowed origin only", async () => {
    const around = { postMessage: vi.fn() };
    const here = new EventTarget();
    vi.stubGlobal("window", here);
    vi.stubGlobal("parent", around);
    vi.stubGlobal("addEventListener", here.addEventListener.bind(here));
    vi.stubGlobal("removeEventListener", here.removeEventListener.bind(here));
    const ending = new AbortController();
    let found: Channel | null = null;
    void opened(["https://good.example"], ending.signal).then((channel) => {
      found = channel;
    });
    expect(around.postMessage).toHaveBeenCalledWith({ type: "tieline:ready" }, "*");
    const tell = async (origin: string, source: unknown, data: unknown) => {
      here.dispatchEvent(Object.assign(new Event("message"), { origin, data, source, ports: [port().port] }));
      await Promise.resolve();
    };
    await tell("https://evil.example", around, { type: "tieline:port" });
    await tell("https://good.example", here, { type: "tieline:port" });
    await tell("https://good.example", around, { type: "other" });
    expect(found).toBeNull();
    await tell("https://good.example", around, { type: "tieline:port" });
    expect(found).toMatchObject({ origin: "https://good.example" });
    ending.abort();
    vi.unstubAllGlobals();
  });
});

it("a page without facts signs nobody in", () => {
  expect(factsOf("{}")).toMatchObject({ sessions: "", origins: [] });
});
