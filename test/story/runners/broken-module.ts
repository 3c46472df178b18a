/** A module that cannot be loaded. */
throw new SyntaxError("it does not load");
