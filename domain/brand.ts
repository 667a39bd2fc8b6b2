declare const brand: unique symbol;

/** A nominal type: a plain `T` at run time that the compiler will not mix up with another `T`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
