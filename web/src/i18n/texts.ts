type Widened<T> = T extends string ? string : T;

/** What another language has to say: the same keys, and functions where the first has functions. */
export type Texts<T> = { readonly [K in keyof T]: Widened<T[K]> };
