export { nl } from "./data.nl";

export const en = {
  "data.records": "Records",
  "data.noRecords": "There are no records.",
  "data.recordNumber": "No.",
  "data.recordOpen": (n: string) => `Record ${n}`,
  "data.moreColumns": (n: number) => (n === 1 ? "1 more column" : `${n} more columns`),
  "data.fewerColumns": "Fewer columns",
  "data.noExchanges": "No calls.",
  "data.noAnswer": "no answer",
  "data.attempt": (n: number) => `attempt ${n}`,
  "data.request": "Request",
  "data.response": "Response",
  "data.body": "Body",
  "data.noBody": "Without a body.",
  "data.bodyCut": (bytes: number | null, text: string) =>
    bytes === null ? "The rest was not kept." : `The beginning of ${text} bytes.`,
  "data.notKept":
    "Headers and bodies are kept of calls that failed, in test runs, and where the block's setting “Keep requests” is on.",
  "data.forToken": "Asked for an access token.",
  "data.recipients": (n: number, text: string) => (n === 1 ? "To 1 recipient." : `To ${text} recipients.`),
} as const;
