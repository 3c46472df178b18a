import { type Admit, type AdmitDeps, createAdmit } from "./admittance.ts";
import { createLeaveNamespace, type LeaveNamespace, type LeavingDeps } from "./leave-namespace.ts";

/** How the broker follows its namespaces: whom it lets in, and how it lets go. */
export type Tenancy = { readonly admit: Admit; readonly leaveNamespace: LeaveNamespace };

/** Makes it. */
export const createTenancy = (deps: AdmitDeps & LeavingDeps): Tenancy => ({
  admit: createAdmit(deps),
  leaveNamespace: createLeaveNamespace(deps),
});
