// The declarations of connect 2.2 use this name as browsers define it. Node has the same type, but not as a global,
// and we do not take in the browser's whole DOM library for one name.
type HeadersInit = NonNullable<ConstructorParameters<typeof Headers>[0]>;
