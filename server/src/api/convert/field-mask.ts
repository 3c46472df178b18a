import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { fieldInvalid } from "../../model/problem.ts";

/** The fields that a mask names. FIELD_INVALID where it names none, or one that is not among those that can be changed. */
export function fieldsOf<F extends string>(
  mask: FieldMask | undefined,
  changeable: readonly F[],
): ReadonlySet<F> {
  const paths = mask?.paths ?? [];
  if (paths.length === 0)
    throw fieldInvalid("update_mask", `must name ${changeable.join(", ")}, or some of them`);
  const fields = paths.map((path, at) => {
    const field = changeable.find((each) => each === path);
    if (field === undefined)
      throw fieldInvalid(`update_mask.paths[${at}]`, `must be one of ${changeable.join(", ")}`);
    return field;
  });
  return new Set(fields);
}
