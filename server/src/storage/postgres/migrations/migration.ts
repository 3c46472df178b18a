/** One step of the layout, forward only. Once released its text never changes: the schema remembers its checksum. */
export type Migration = { readonly number: number; readonly name: string; readonly sql: string };
