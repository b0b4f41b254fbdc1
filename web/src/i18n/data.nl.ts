import type { en } from "./data";
import type { Texts } from "./texts";

export const nl: Texts<typeof en> = {
  "data.records": "Records",
  "data.noRecords": "Er zijn geen records.",
  "data.recordNumber": "Nr.",
  "data.recordOpen": (n) => `Record ${n}`,
  "data.moreColumns": (n) => (n === 1 ? "nog 1 kolom" : `nog ${n} kolommen`),
  "data.fewerColumns": "Minder kolommen",
  "data.noExchanges": "Geen aanroepen.",
  "data.noAnswer": "geen antwoord",
  "data.attempt": (n) => `poging ${n}`,
  "data.request": "Verzoek",
  "data.response": "Antwoord",
  "data.body": "Inhoud",
  "data.noBody": "Zonder inhoud.",
  "data.bodyCut": (bytes, text) =>
    bytes === null ? "De rest is niet bewaard." : `Het begin van ${text} bytes.`,
  "data.notKept":
    "Headers en inhoud worden bewaard van mislukte aanroepen, in testruns, en waar de instelling “Verzoeken bewaren” van het blok aanstaat.",
  "data.forToken": "Vroeg om een toegangstoken.",
  "data.recipients": (n, text) => (n === 1 ? "Aan 1 ontvanger." : `Aan ${text} ontvangers.`),
};
