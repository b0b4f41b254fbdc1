export { nl } from "./embed.nl";

export const en = {
  "embed.waiting": "You are being signed in…",
  "embed.alone": "This page is shown within another product. Open it there.",
  "embed.aloneTitle": "Nothing to show here",
  "embed.refused": "You could not be signed in",
  "embed.refusedText":
    "Close this and open it once more. If it stays so, tell the product's support what stands here.",
  "embed.noToken": "The page around this one could not say who you are.",
  "embed.unlisted": "The page around this one may not show this.",
  "embed.unreachable": "The server cannot be reached. Check the connection and try again.",
  "embed.code.sign-on-refused":
    "The sign-in that was sent is not valid (any more): it is too old, was used already, or is not the product's.",
  "embed.code.sign-on-barred": "Your access has been taken away. Ask the product's support.",
  "embed.code.foreign-page": "The page around this one has not been allowed to show this.",
  "embed.ended": "You are signed out",
  "embed.endedText": "The visit has come to its end.",
  "embed.again": "Sign in again",
  "embed.connect": "Connect your accounts",
  "embed.connectText": "Connected accounts can be used by your integrations.",
  "embed.noConnectors": "There is nothing to connect",
  "embed.connectTo": (name: string) => `Connect ${name}`,
  "embed.connected": (n: number) => (n === 1 ? "1 account connected" : `${n} accounts connected`),
  "embed.done": (name: string) => `${name} is connected.`,
} as const;
