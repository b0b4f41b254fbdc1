/** The first `most` rows of a list that goes on over pages. */
export async function listed<T>(rows: AsyncIterable<T>, most = 500): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) {
    found.push(row);
    if (found.length >= most) break;
  }
  return found;
}
