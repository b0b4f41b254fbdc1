import type { en } from "./embed";
import type { Texts } from "./texts";

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
