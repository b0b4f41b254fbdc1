import type { Texts } from "./texts";

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

export const nl: Texts<typeof en> = {
  "embed.waiting": "Je wordt aangemeld…",
  "embed.alone": "Deze pagina wordt binnen een ander product getoond. Open haar daar.",
  "embed.aloneTitle": "Hier is niets te zien",
  "embed.refused": "Je kon niet worden aangemeld",
  "embed.refusedText":
    "Sluit dit en open het nog eens. Blijft het zo, meld dan aan de ondersteuning van het product wat hier staat.",
  "embed.noToken": "De pagina hieromheen kon niet zeggen wie je bent.",
  "embed.unlisted": "De pagina hieromheen mag dit niet tonen.",
  "embed.unreachable": "De server is niet bereikbaar. Controleer de verbinding en probeer het opnieuw.",
  "embed.code.sign-on-refused":
    "De aanmelding die is gestuurd is niet (meer) geldig: te oud, al gebruikt, of niet van het product.",
  "embed.code.sign-on-barred": "Je toegang is ingetrokken. Vraag de ondersteuning van het product.",
  "embed.code.foreign-page": "De pagina hieromheen heeft geen toestemming om dit te tonen.",
  "embed.ended": "Je bent afgemeld",
  "embed.endedText": "Het bezoek is ten einde.",
  "embed.again": "Opnieuw aanmelden",
  "embed.connect": "Koppel je accounts",
  "embed.connectText": "Gekoppelde accounts kunnen door je integraties worden gebruikt.",
  "embed.noConnectors": "Er valt niets te koppelen",
  "embed.connectTo": (name) => `${name} koppelen`,
  "embed.connected": (n) => (n === 1 ? "1 account gekoppeld" : `${n} accounts gekoppeld`),
  "embed.done": (name) => `${name} is gekoppeld.`,
};
