/** docs/coverage.md as data: which tests show each feature, and each mistake that is not made. */

/** A test by its file and its name. A suite of cases that several test files run is named by the file that holds the cases. */
export type NamedTest = { readonly file: string; readonly name: string };

/** One row: a feature's number or a mistake's, and what shows it; no tests: still to do. */
export type CoverageRow = {
  readonly no: string;
  readonly tests: readonly NamedTest[];
  readonly cell: string;
};

/** Where the list is, from the root of the repository. */
export const coverageFile = "docs/coverage.md";

const namedTest = /`([^`]+\.ts)` › `([^`]+)`/g;

/** The rows of the list. The last cell of each names its tests, each as a file, a ›, and a name. */
export function coverageRows(markdown: string): readonly CoverageRow[] {
  const rows = [...markdown.matchAll(/^\| (W?\d+) \|(?:.*\|)? *([^|]*?) *\|$/gm)];
  return rows.map(([, no = "", cell = ""]) => ({
    no,
    cell,
    tests: [...cell.matchAll(namedTest)].map(([, file = "", name = ""]) => ({ file, name })),
  }));
}

/** The part of a test's title that is the same for all rows of a table. */
export const fixedPart = (name: string): string => name.split(/[%$]/)[0] ?? name;
