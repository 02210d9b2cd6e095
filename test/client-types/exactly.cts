// For typed tests: a value has exactly a type, neither a wider nor a narrower one. Nothing here runs.
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `exactly<Expected>()(value)` is an error where the types differ. */
export declare function exactly<Expected>(): <Actual>(
  value: Actual,
  ...differs: Equal<Actual, Expected> extends true ? [] : [never]
) => void;
