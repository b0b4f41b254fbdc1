export type OutlineRow = {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly depth: number;
  /** Which branch of the block around it this row begins, if it does; a number is that case of a choice. */
  readonly branch: Branch | null;
  /** The blocks around it that loop, outermost first. */
  readonly loops: readonly string[];
  readonly hasBody: boolean;
  readonly disabled: boolean;
  readonly comment: string;
  /** How many rows below belong to it. */
  readonly below: number;
  readonly position: number;
  readonly siblings: number;
};

export type Branch =
  | "loop"
  | "then"
  | "else"
  | "try"
  | "catch"
  | "default"
  | { readonly case: number; readonly words: string };

/** What lies deeper is shown apart: nobody can read that, and reading it must not end in a stack overflow. */
const DEEPEST = 200;

type Block = Record<string, unknown>;
type Draft = { -readonly [K in keyof OutlineRow]: OutlineRow[K] };

const BRANCHES: readonly (readonly [string, Exclude<Branch, object>])[] = [
  ["loopBlockId", "loop"],
  ["childTrueId", "then"],
  ["childFalseId", "else"],
  ["tryChildId", "try"],
  ["catchChildId", "catch"],
];

/** The blocks of a workspace as rows of a tree, in the order in which they run. Any document can be read, broken ones too. */
export function outline(workspace: unknown): OutlineRow[] {
  const blocks = blocksOf(workspace);
  const byId = new Map(blocks.map((block) => [text(block["id"]), block]));
  const targets = new Set(
    blocks.flatMap((block) => [...edgesOf(block), text(block["childId"])].filter(Boolean)),
  );
  const rows: Draft[] = [];
  const seen = new Set<string>();

  type Todo = {
    id: string;
    depth: number;
    branch: Branch | null;
    loops: readonly string[];
    position: number;
    after: Draft[];
  };
  const walk = (start: string, depth: number, branch: Branch | null, loops: readonly string[]): void => {
    const todo: Todo = { id: start, depth, branch, loops, position: 1, after: [] };
    for (;;) {
      const block = byId.get(todo.id);
      if (block === undefined || seen.has(todo.id)) break;
      seen.add(todo.id);
      const row = rowOf(block, todo.depth, todo.branch, todo.loops, todo.position);
      rows.push(row);
      todo.after.push(row);
      const at = rows.length;
      for (const [target, name] of todo.depth < DEEPEST ? branchesOf(block) : []) {
        walk(target, todo.depth + 1, name, name === "loop" ? [...todo.loops, row.id] : todo.loops);
      }
      row.below = rows.length - at;
      row.hasBody = row.below > 0;
      todo.id = text(block["childId"]);
      todo.branch = null;
      todo.position += 1;
    }
    for (const row of todo.after) row.siblings = todo.after.length;
  };

  const first = blocks.find((block) => block["type"] === "StartBlock");
  if (first !== undefined) walk(text(first["id"]), 0, null, []);
  for (const block of blocks) if (!targets.has(text(block["id"]))) walk(text(block["id"]), 0, null, []);
  // What only a circle leads to is shown too.
  for (const block of blocks) walk(text(block["id"]), 0, null, []);
  return rows;
}

/** Rows that are to be seen when those in `closed` hide what is inside of them. */
export function visible(rows: readonly OutlineRow[], closed: ReadonlySet<string>): OutlineRow[] {
  const found: OutlineRow[] = [];
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at];
    if (row === undefined) continue;
    found.push(row);
    if (closed.has(row.id)) at += row.below;
  }
  return found;
}

/** Rows for blocks that a run came to and that the document does not have. */
export function extended(
  rows: readonly OutlineRow[],
  came: readonly { blockId: string; displayName: string; type: string }[],
): OutlineRow[] {
  const known = new Set(rows.map((row) => row.id));
  const missing = came.filter((one) => !known.has(one.blockId));
  return [
    ...rows,
    ...missing.map((one, index) => ({
      ...rowOf({ id: one.blockId, displayName: one.displayName, type: one.type }, 0, null, [], index + 1),
      siblings: missing.length,
    })),
  ];
}

function rowOf(
  block: Block,
  depth: number,
  branch: Branch | null,
  loops: readonly string[],
  position: number,
): Draft {
  return {
    id: text(block["id"]),
    name: text(block["displayName"]) || text(block["name"]) || text(block["type"]),
    type: text(block["type"]),
    depth,
    branch,
    loops,
    hasBody: false,
    disabled: block["disabled"] === true,
    comment: text(block["comment"]),
    below: 0,
    position,
    siblings: 1,
  };
}

function branchesOf(block: Block): [string, Branch][] {
  const found: [string, Branch][] = BRANCHES.flatMap(([field, name]) => {
    const target = text(block[field]);
    return target ? [[target, name] as [string, Branch]] : [];
  });
  const cases = Array.isArray(block["statementChildrenIds"]) ? block["statementChildrenIds"] : [];
  const statements = Array.isArray(block["statements"]) ? block["statements"] : [];
  cases.forEach((target, index) => {
    const statement = statements[index] as Block | undefined;
    if (text(target)) found.push([text(target), { case: index + 1, words: text(statement?.["value"]) }]);
  });
  const otherwise = text(block["defaultChildId"]);
  if (otherwise) found.push([otherwise, "default"]);
  return found;
}

function edgesOf(block: Block): string[] {
  return branchesOf(block).map(([target]) => target);
}

function blocksOf(workspace: unknown): Block[] {
  const listed = typeof workspace === "object" && workspace !== null ? (workspace as Block)["blocks"] : null;
  return (Array.isArray(listed) ? listed : []).filter(
    (one): one is Block => typeof one === "object" && one !== null && text((one as Block)["id"]) !== "",
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function blockIds(workspace: unknown): ReadonlySet<string> {
  return new Set(blocksOf(workspace).map((block) => text(block["id"])));
}
