import { isFieldSet } from "@bufbuild/protobuf";
import type {
  DescriptorProto,
  DescriptorProto_ReservedRange,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import {
  FieldDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

/** One past the highest field number, which is what `to max` means in a descriptor. */
const rangeEndMax = 536_870_912;

/**
 * Prints a proto2 file from its descriptor: every type, number and default, but no comments and no custom options.
 * Throws on what it does not know (proto3, editions, nested types) instead of leaving it out.
 */
export function printProtoFile(file: FileDescriptorProto): string {
  if (file.syntax !== "" && file.syntax !== "proto2")
    throw new Error(`${file.name} is ${file.syntax}, not proto2`);
  const sections = [
    `syntax = "proto2";`,
    `package ${file.package};`,
    file.dependency.map((name) => `import "${name}";`).join("\n"),
    fileOptions(file),
    ...groupBy(file.extension, (field) => field.extendee).map(printExtension),
    ...file.messageType.map(printMessage),
    ...file.enumType.map((each) => printEnum(each, "")),
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

function fileOptions({ options }: FileDescriptorProto): string {
  const lines: string[] = [];
  if (options?.goPackage) lines.push(`option go_package = "${options.goPackage}";`);
  if (options?.javaMultipleFiles) lines.push("option java_multiple_files = true;");
  if (options?.javaOuterClassname)
    lines.push(`option java_outer_classname = "${options.javaOuterClassname}";`);
  if (options?.javaPackage) lines.push(`option java_package = "${options.javaPackage}";`);
  return lines.join("\n");
}

function printExtension([extendee, fields]: readonly [string, readonly FieldDescriptorProto[]]): string {
  return block(
    `extend ${extendee}`,
    fields.map((field) => `  ${printField(field, true)}`),
  );
}

function printMessage(message: DescriptorProto): string {
  if (message.nestedType.length > 0 || message.extension.length > 0) {
    throw new Error(`${message.name} nests types, which this printer does not know`);
  }
  return block(`message ${message.name}`, [
    ...message.enumType.map((each) => printEnum(each, "  ")),
    ...message.field.filter((field) => !isInOneof(field)).map((field) => `  ${printField(field, true)}`),
    ...groupBy(message.field.filter(isInOneof), (field) => field.oneofIndex).map(([index, fields]) =>
      block(
        `  oneof ${message.oneofDecl[index]?.name}`,
        fields.map((field) => `    ${printField(field, false)}`),
        "  ",
      ),
    ),
    ...reservedLines(message.reservedRange, message.reservedName, 1),
    ...message.extensionRange.map(({ start, end }) => `  extensions ${range(start, end, 1)};`),
  ]);
}

function printEnum(each: EnumDescriptorProto, indent: string): string {
  const values = each.value.map((value) => `${value.name} = ${value.number};`);
  const lines = [
    ...(each.options?.allowAlias ? ["option allow_alias = true;"] : []),
    ...values,
    // An enum's reserved ranges include their end, a message's do not.
    ...reservedLines(each.reservedRange, each.reservedName, 0).map((line) => line.trimStart()),
  ];
  return block(
    `${indent}enum ${each.name}`,
    lines.map((line) => `${indent}  ${line}`),
    indent,
  );
}

function printField(field: FieldDescriptorProto, labelled: boolean): string {
  const options = [
    ...(isFieldSet(field, FieldDescriptorProtoSchema.field.defaultValue)
      ? [`default = ${defaultText(field)}`]
      : []),
    ...(field.options?.deprecated ? ["deprecated = true"] : []),
  ];
  const label = labelled ? `${Label[field.label].toLowerCase()} ` : "";
  const type = field.typeName === "" ? Type[field.type].toLowerCase() : field.typeName;
  return `${label}${type} ${field.name} = ${field.number}${options.length > 0 ? ` [${options.join(", ")}]` : ""};`;
}

function defaultText(field: FieldDescriptorProto): string {
  return field.type === Type.STRING || field.type === Type.BYTES
    ? JSON.stringify(field.defaultValue)
    : field.defaultValue;
}

function isInOneof(field: FieldDescriptorProto): boolean {
  return isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
}

type Range = Pick<DescriptorProto_ReservedRange, "start" | "end">;

function reservedLines(ranges: readonly Range[], names: readonly string[], endOver: 0 | 1): string[] {
  return [
    ...ranges.map(({ start, end }) => `  reserved ${range(start, end, endOver)};`),
    ...(names.length > 0 ? [`  reserved ${names.map((name) => JSON.stringify(name)).join(", ")};`] : []),
  ];
}

function range(start: number, end: number, endOver: 0 | 1): string {
  if (end === rangeEndMax) return `${start} to max`;
  const last = end - endOver;
  return last > start ? `${start} to ${last}` : `${start}`;
}

function block(head: string, lines: readonly string[], indent = ""): string {
  return [`${head} {`, ...lines, `${indent}}`].join("\n");
}

function groupBy<Item, Key>(items: readonly Item[], key: (item: Item) => Key): [Key, Item[]][] {
  return [...Map.groupBy(items, key)];
}
