import { type Admit, type AdmitDeps, createAdmit } from "./admittance.ts";
import { createLeaveNamespace, type LeaveNamespace, type LeavingDeps } from "./leave-namespace.ts";
import { createLimits, type LimitsDeps } from "./limits.ts";

/** How the broker follows its namespaces: whom it lets in, and how it lets go. */
export type Tenancy = { readonly admit: Admit; readonly leaveNamespace: LeaveNamespace };

/** Makes it. */
export const createTenancy = (deps: AdmitDeps & LimitsDeps & Omit<LeavingDeps, "limitsPart">): Tenancy => ({
  admit: createAdmit(deps),
  leaveNamespace: createLeaveNamespace({ ...deps, limitsPart: createLimits(deps) }),
});
