/** Ends streams whose caller's token is withdrawn or expires. Whoever may not call never gets here: see callers.ts. */

import type { Auth } from "../../auth/auth.ts";
import type { Interceptor } from "../call.ts";
import { around } from "./around.ts";
import { createInterrupt, interruptible } from "./interrupt.ts";

/** Ends streams with TOKEN_INVALID once their caller is no longer who it was. Unary calls are short: they may end. */
export const watchCallers = (auth: Auth): Interceptor =>
  around(
    (_method, next) => next,
    (_method, next) =>
      async function* (request, context) {
        if (context.caller.digest === undefined) return yield* next(request, context);
        const interrupt = createInterrupt(context.signal);
        const stop = auth.watch(context.caller, interrupt.fire);
        try {
          yield* interruptible(next(request, { ...context, signal: interrupt.signal }), interrupt);
        } finally {
          stop();
        }
      },
  );
