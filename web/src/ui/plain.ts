const LONGEST = 10_000;

const MARKS: readonly (readonly [RegExp, string])[] = [
  [/!?\[([^[\]]*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)?(?:\s+"[^"]*")?\)/g, "$1"],
  [/<((?:https?:|mailto:)[^<>\s]+)>/g, "$1"],
  [/^ {0,3}(?:[-*_] *){3,}$/gm, ""],
  [/^\s*(?:(?:#{1,6}|[-*+>]|\d{1,3}[.)])\s+)+/gm, ""],
  [/(\*\*|__|~~)(?=\S)([^\n]*?\S)\1/g, "$2"],
  [/(?<![\w*])([*_])(?=[^\s*_])([^*_\n]*?)\1(?![\w*])/g, "$2"],
];

/** Markdown as one line of plain text, for where there is room for no more. What stands in backticks stays as it is, in them. */
export function plain(markdown: string): string {
  const text = markdown.slice(0, LONGEST).replace(/^ {0,3}(?:```|~~~).*$/gm, "");
  return text
    .split(/(`+[^`]+`+|\\[\\`*_{}[\]()#+.!|>~-])/)
    .map((part, at) => {
      if (at % 2 === 1) return part.startsWith("\\") ? part.slice(1) : part;
      return MARKS.reduce((left, [mark, kept]) => left.replace(mark, kept), part);
    })
    .join("")
    .replace(/\s+/g, " ")
    .trim();
}
