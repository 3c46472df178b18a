/** Finds the schema files that define something, for reflection. Built once, from the services that are served and all they import. */

import type { DescExtension, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";

/** Where symbols are defined. */
export interface DescriptorIndex {
  /** Names of the services that are served, sorted. */
  readonly serviceNames: readonly string[];
  /** The file of a path such as "stem/v1/task.proto". */
  fileByName(name: string): DescFile | undefined;
  /** The file that defines a package's message, enum, field, service, method or extension. */
  fileBySymbol(symbol: string): DescFile | undefined;
  /** The file that defines an extension of a message by its number. */
  fileByExtension(extendee: string, number: number): DescFile | undefined;
  /** The numbers of all known extensions of a message; undefined where there is no such message. */
  extensionNumbers(extendee: string): readonly number[] | undefined;
}

/** Indexes services with the files that define them and those these import, however deep. */
export function createDescriptorIndex(services: readonly DescService[]): DescriptorIndex {
  const files = withImports(services.map((service) => service.file));
  const byName = new Map(files.map((file) => [`${file.name}.proto`, file]));
  const bySymbol = new Map(files.flatMap((file) => symbolsOf(file).map((symbol) => [symbol, file] as const)));
  const extensions = files.flatMap(extensionsOf);
  const messages = new Set(files.flatMap(messagesOf).map((message) => message.typeName));
  const extensionsTo = (extendee: string): readonly DescExtension[] =>
    extensions.filter((extension) => extension.extendee.typeName === extendee);
  return {
    serviceNames: services.map((service) => service.typeName).sort(),
    fileByName: (name) => byName.get(name),
    fileBySymbol: (symbol) => bySymbol.get(symbol),
    fileByExtension: (extendee, number) =>
      extensionsTo(extendee).find((extension) => extension.number === number)?.file,
    extensionNumbers: (extendee) =>
      messages.has(extendee) ? extensionsTo(extendee).map((extension) => extension.number) : undefined,
  };
}

/** Files and all they import, each once. */
export function withImports(roots: readonly DescFile[]): readonly DescFile[] {
  const seen = new Set<DescFile>(roots);
  for (const file of seen) for (const imported of file.dependencies) seen.add(imported);
  return [...seen];
}

function symbolsOf(file: DescFile): readonly string[] {
  return [
    ...messagesOf(file).flatMap((message) => [
      message.typeName,
      ...message.fields.map((field) => `${message.typeName}.${field.name}`),
      ...message.nestedEnums.map((nested) => nested.typeName),
    ]),
    ...file.enums.map((topLevel) => topLevel.typeName),
    ...extensionsOf(file).map((extension) => extension.typeName),
    ...file.services.flatMap((service) => [
      service.typeName,
      ...service.methods.map((method) => `${service.typeName}.${method.name}`),
    ]),
  ];
}

const messagesOf = (file: DescFile): readonly DescMessage[] => file.messages.flatMap(withNested);

const withNested = (message: DescMessage): readonly DescMessage[] => [
  message,
  ...message.nestedMessages.flatMap(withNested),
];

const extensionsOf = (file: DescFile): readonly DescExtension[] => [
  ...file.extensions,
  ...messagesOf(file).flatMap((message) => message.nestedExtensions),
];
