/** What is wrong with a name, in words that say what a right one looks like. A pattern helps a program; a sentence helps its author. */
export const fieldText = {
  label:
    "must be a key of 1 to 63 letters, digits and . _ / -, and a value of at most 255 printable ASCII characters without spaces",
  namespace: "must be 1 to 63 lower-case letters, digits and inner hyphens",
  queue: "must be 1 to 255 of A-Z a-z 0-9 _ . : @ / - and begin with a letter, a digit or _",
  taskId: "must be 1 to 128 printable ASCII characters without spaces",
  taskName: "must be 1 to 255 printable ASCII characters without spaces",
  workerName: "must be at most 255 printable ASCII characters without spaces",
  capability: "must be 1 to 64 of a-z 0-9 . _ - and begin with a letter or a digit",
  labelKey: "must be 1 to 63 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit",
  headerKey: "must be 1 to 128 of a-z 0-9 _ . - and begin with a letter, a digit or _",
  headerValue: "must not contain NUL or line breaks",
  uniqueKey: "must be 1 to 255 printable ASCII characters without spaces",
} as const;
